"""One TCP connect, to tell a node that is gone from one that the registry has lost."""

import asyncio
import errno
import socket

# What says that nobody is there. Other errors, an unreachable network for example, say more about
# this end than about the other.
_NOBODY = {errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EHOSTUNREACH}


async def is_gone(host: str, port: int, *, timeout: float = 1.0) -> bool:
    """Tell whether nothing listens at an address.

    True if it is refused or not answered within `timeout` seconds, or if the name is known to
    nobody; False if it is accepted, or if it could not be found out.
    """
    try:
        async with asyncio.timeout(timeout):
            return await _all_refuse(host, port)
    except TimeoutError:
        return True


async def _all_refuse(host: str, port: int) -> bool:
    """Try every address of a name, since asyncio hides the errors of several behind one."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as exc:
        return exc.errno == socket.EAI_NONAME
    except ValueError:
        return True  # no name at all: a record may hold anything
    refused = False
    for family, _type, _proto, _name, address in found:
        try:
            transport, _ = await loop.create_connection(
                asyncio.Protocol, str(address[0]), port, family=family
            )
        except OSError as exc:
            refused |= exc.errno in _NOBODY
        else:
            transport.abort()
            return False
    return refused
