"""Policy `ip_hash`: nginx's own algorithm, so that both send a client to the same node.

Pure: it does no I/O and keeps nothing but the round-robin it falls back to.

    hash = 89
    for each of the first three octets of an IPv4 address, or all sixteen of an IPv6 address:
        hash = (hash * 113 + octet) % 6271
    slot = hash % total weight; the node is the one in whose share of the weights the slot lies

A node that is out of service, or has been tried already, keeps its share; the client's hash is
hashed on with the same octets. After more than 20 such misses the next ones come by round-robin.

The nodes stand in the order in which they registered. As in nginx, most clients change their node
when one joins or leaves for good: where that matters, take `consistent_hash`.
"""

import ipaddress
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from balancer.round_robin import RoundRobin
from cluster.record import NodeRecord

_START = 89
_FACTOR = 113
_MODULUS = 6271
_MAX_MISSES = 20


class IpHash:
    """Picks by the client's network address."""

    def __init__(self, fallback: RoundRobin) -> None:
        self._fallback = fallback

    def order(
        self, records: Sequence[NodeRecord], key: str | None, avoid: frozenset[str]
    ) -> Iterator[NodeRecord]:
        """Yield the nodes in the order in which nginx would try them.

        Args:
            records: every node that has a share, in the order of registration.
            key: the client's IP address. None, or what is no address, is served by round-robin:
                nginx would send all such clients to one node.
            avoid: nodes that are out of service.
        """
        octets = hashed_octets(key)
        tried: set[str] = set()
        if octets is not None and records:
            for record in _hashed(records, octets, avoid):
                tried.add(record.node_id)
                yield record
        yield from self._fallback.order(records, key, avoid | tried)


def hashed_octets(address: str | None) -> bytes | None:
    """Return the octets that nginx hashes; None if it is no IP address."""
    try:
        packed = ipaddress.ip_address(address or "").packed
    except ValueError:
        return None
    return packed[:3] if len(packed) == 4 else packed


def hash_on(value: int, octets: bytes) -> int:
    """Hash an address on, from the hash that the last attempt ended with."""
    for octet in octets:
        value = (value * _FACTOR + octet) % _MODULUS
    return value


def _hashed(
    records: Sequence[NodeRecord], octets: bytes, avoid: frozenset[str]
) -> Iterator[NodeRecord]:
    """Yield what the hash leads to, without repetition, until it has missed too often."""
    shares = list(accumulate(record.weight for record in records))
    # Of those that are avoided only who has a share counts: there may be others, in another zone.
    seen = {record.node_id for record in records if record.node_id in avoid}
    value, misses = _START, 0
    while misses <= _MAX_MISSES and len(seen) < len(records):
        value = hash_on(value, octets)
        record = records[bisect_right(shares, _slot(value, shares[-1]))]
        if record.node_id in seen:
            misses += 1
        else:
            seen.add(record.node_id)
            yield record


def _slot(value: int, total_weight: int) -> int:
    """Return a hash's place among the weights.

    nginx takes the remainder, and so reaches no place beyond 6270: of two nodes with a weight of
    10,000 each, the second would never be picked. Only there it is stretched instead.
    """
    if total_weight <= _MODULUS:
        return value % total_weight
    return value * total_weight // _MODULUS
