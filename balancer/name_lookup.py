"""Which host names this machine can look up."""

import asyncio
import socket
from collections.abc import Iterable

# Seconds for all of them together; what takes longer counts as unknown.
_WITHIN = 3.0


async def unknown_hosts(hosts: Iterable[str]) -> frozenset[str]:
    """Return those of these names that have no address here; an address always has one."""
    asked = sorted(set(hosts))
    looks = [asyncio.ensure_future(_is_known(host)) for host in asked]
    if looks:
        await asyncio.wait(looks, timeout=_WITHIN)
    known = [look.done() and look.result() for look in looks]
    for look in looks:
        look.cancel()
    return frozenset(host for host, is_known in zip(asked, known, strict=True) if not is_known)


async def _is_known(host: str) -> bool:
    try:
        await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # The latter for a label that is too long for DNS.
        return False
    return True
