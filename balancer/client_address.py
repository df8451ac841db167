"""Which address a client has, when proxies may stand between it and the balancer.

Pure: it looks at what the request holds and asks nobody.

Each proxy appends to `X-Forwarded-For` the address of its own peer. So the list is read from the
right: as long as an address is a trusted proxy's, the one before it is what that proxy saw. What
stands further left was written by the client, who can claim anything there.
"""

import ipaddress
from collections.abc import Iterable, Sequence

from cluster.errors import InvalidAddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_network(text: str) -> Network:
    """Read `10.0.0.0/8`, `fd00::/8`, or a single address.

    Raises:
        InvalidAddress: it is neither, or has bits set beyond its mask.
    """
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError as exc:
        raise InvalidAddress(text, "an address, or a network such as 10.0.0.0/8") from exc


def client_address(
    peer: str | None, forwarded: Iterable[str], trusted: Sequence[Network]
) -> str | None:
    """Return the client's address, as far as it can be believed.

    Args:
        peer: who is connected to the balancer.
        forwarded: the request's `X-Forwarded-For` headers, in their order.
        trusted: the proxies that are believed.

    Returns:
        The right-most address that is no trusted proxy's; if all are, the left-most. None if the
        peer is not known by an address.
    """
    known = _read(peer or "")
    if known is None:
        return peer
    hops = ",".join(forwarded).split(",")
    while hops and _is_trusted(known, trusted):
        before = _read(hops.pop())
        if before is None:
            break
        known = before
    return str(known)


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


def _read(text: str) -> Address | None:
    """Read an address, with or without a port (as some proxies write it); None if it is none.

    An IPv4 address that came over an IPv6 socket is the IPv4 address: a client is the same by
    whichever way it comes.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
