"""Ports of this machine. Opens none for longer than a moment."""

from __future__ import annotations

import random
import socket

_LASTING = range(20000, 32000)
"""Below the ports that systems give to outgoing connections (from 32768 on Linux)."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def lasting_port() -> int:
    """Return a free port that also stays free while its server is down for a while.

    A port of `free_port` may be given to somebody's outgoing connection meanwhile.

    Raises:
        OSError: none was found in a hundred attempts.
    """
    for _ in range(100):
        port = random.choice(_LASTING)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no free port of 127.0.0.1 between 20000 and 32000")
