"""From what stands in the registry to the members of a snapshot. Pure; it does no I/O.

An entry's sequence number orders and does nothing else. It is a signed 32-bit counter of the
parent, which goes on at its negative end, so numbers are compared by their distance around the
circle (RFC 1982): right as long as the living entries lie within 2^31 registrations.
"""

from collections.abc import Iterable
from functools import cmp_to_key
from typing import NamedTuple

from cluster.errors import InvalidRecord
from cluster.record import (
    NodeRecord,
    decode_record,
    encode_record,
    parse_znode_name,
    znode_prefix,
)

_CIRCLE = 2**32


class Member(NamedTuple):
    """One entry of the registry.

    Attributes:
        sequence: the number that the registry gave it.
        record: what it holds.
    """

    sequence: int
    record: NodeRecord


def _compare(one: Member, other: Member) -> int:
    """Return a negative number if `one` was entered before `other`."""
    half = _CIRCLE // 2
    return (one.sequence - other.sequence + half) % _CIRCLE - half


_by_age = cmp_to_key(_compare)


def write_member(record: NodeRecord) -> tuple[str, bytes]:
    """Return the name of an entry, up to its sequence number, and what it holds.

    Raises:
        InvalidRecord: its node_id is no uuid, so that nobody would take the entry for a node's, or
            the record is too large.
    """
    prefix = znode_prefix(record.node_id)
    if parse_znode_name(f"{prefix}0000000000") is None:
        reason = "a node_id must be a uuid in lower case, as str(uuid.uuid4()) makes it"
        raise InvalidRecord(f"node {record.node_id!r}", reason)
    return prefix, encode_record(record)


def read_member(name: str, data: bytes) -> Member:
    """Read an entry from a znode's name and data.

    Raises:
        InvalidRecord: the data hold no record, or that of another node than the name says.
    """
    parts = parse_znode_name(name)
    if parts is None:
        raise InvalidRecord(name, "its name is not n-<uuid>-<10 digits>")
    node_id, sequence = parts
    record = decode_record(data, name)
    if record.node_id != node_id:
        raise InvalidRecord(name, f"it is about another node, {record.node_id!r}")
    return Member(sequence, record)


def arrange(members: Iterable[Member]) -> tuple[Member, ...]:
    """Put members in the order in which they registered, each node and each address once.

    After a fast restart the entry of the earlier incarnation stands until its session ends. There
    is one listener at an address, so the newest entry is the one that is true.
    """
    taken: set[object] = set()
    kept = []
    for member in sorted(members, key=_by_age, reverse=True):
        record = member.record
        names = {record.node_id, (record.host, record.port)}
        if names.isdisjoint(taken):
            kept.append(member)
        taken |= names
    return tuple(reversed(kept))


def records_of(members: Iterable[Member]) -> tuple[NodeRecord, ...]:
    """Return the members' records, in the same order."""
    return tuple(member.record for member in members)
