"""What an error of the system says, without what asyncio and aiohttp put around it. Pure."""

import os
import socket
import ssl

# Those whose numbers are not the system's.
_OWN_NUMBERS = (socket.gaierror, ssl.SSLError)


def in_words(exc: BaseException) -> str:
    """Return what happened; where it happened is for the caller to say."""
    # aiohttp names the address, and keeps what the system said aside.
    cause = getattr(exc, "os_error", exc)
    if not isinstance(cause, OSError):
        return str(exc) or type(exc).__name__
    if cause.errno and not isinstance(cause, _OWN_NUMBERS):
        # asyncio puts words of its own into `strerror`.
        return os.strerror(cause.errno)
    return cause.strerror or str(cause) or type(cause).__name__
