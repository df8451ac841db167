"""Why no server of an ensemble gives a session: one look at each, when a client waits in vain.

It opens a TCP connection and closes it again; it asks nothing.
"""

import asyncio
import socket

from cluster.address import parse_host_port
from cluster.os_errors import in_words

_NO_SESSION = "it accepts connections, but gives no session: is it a ZooKeeper, with a leader?"


async def why_silent(hosts: str, timeout: float) -> str:
    """Return in words what is wrong with each server.

    Args:
        hosts: `host:port,host:port`.
        timeout: seconds that the look may take; all servers are looked at at once.
    """
    places = hosts.split(",")
    reasons = await asyncio.gather(*(_why(place, timeout) for place in places))
    if len(places) == 1:
        return reasons[0]
    return ", ".join(f"{place}: {reason}" for place, reason in zip(places, reasons, strict=True))


async def _why(place: str, timeout: float) -> str:
    try:
        async with asyncio.timeout(timeout):
            return await _look(*parse_host_port(place))
    except TimeoutError:
        return f"no answer within {timeout:g} s"


async def _look(host: str, port: int) -> str:
    """Try every address of a name, since asyncio hides the errors of several behind one."""
    loop, reason = asyncio.get_running_loop(), ""
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as exc:
        return in_words(exc)
    except ValueError:
        return "no host has such a name"
    for family, _type, _proto, _name, address in found:
        try:
            transport, _ = await loop.create_connection(
                asyncio.Protocol, str(address[0]), port, family=family
            )
        except OSError as exc:
            reason = in_words(exc)
        else:
            transport.abort()
            return _NO_SESSION
    return reason
