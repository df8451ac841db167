"""The record of a node: what its znode holds, what a balancer answers, what a policy picks from.

Pure: bytes to record and back, nothing else.
"""

import re
from typing import Annotated, Literal

import msgspec

from cluster.errors import InvalidRecord

# A znode may hold 1 MB; what every watcher reads for every node should be far smaller.
MAX_RECORD_BYTES = 1024

# The counter is signed in ZooKeeper: after 2^31 children it goes on with negative numbers.
_ZNODE_NAME = re.compile(
    r"n-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})-(-?\d{10})"
)

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class NodeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One living node, as it describes itself.

    Attributes:
        node_id: the incarnation: a uuid made when the process started.
        host: name or address by which others reach the node.
        port: TCP port of its WebSocket listener.
        url: what a client connects to, `ws://host:port/ws`.
        weight: its share of the clients relative to the others'; at least 1.
        zone: where it runs, a rack or a data centre; empty if that does not matter.
        state: `up`, or `draining` if it takes no new clients.
        started: when the process started, in seconds since the epoch.
        load: how many channels it held when it last wrote the record.
        admin: `host:port` of its admin port; empty if it has none.
        v: version of this layout.
    """

    node_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    host: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    port: Port
    url: Annotated[str, msgspec.Meta(pattern="^wss?://")]
    weight: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    zone: str = ""
    state: Literal["up", "draining"] = "up"
    started: float = 0.0
    load: Annotated[int, msgspec.Meta(ge=0)] = 0
    admin: str = ""
    v: Literal[1] = 1


_decoder = msgspec.json.Decoder(NodeRecord)


def encode_record(record: NodeRecord) -> bytes:
    """Write a record as JSON.

    Raises:
        InvalidRecord: it takes more than `MAX_RECORD_BYTES`.
    """
    data = msgspec.json.encode(record)
    if len(data) > MAX_RECORD_BYTES:
        reason = f"{len(data)} bytes are more than the {MAX_RECORD_BYTES} that a znode may hold"
        raise InvalidRecord(f"node {record.node_id}", reason)
    return data


def decode_record(data: bytes, source: str) -> NodeRecord:
    """Read a record from JSON; fields that a newer version may add are ignored.

    Args:
        data: what the znode holds.
        source: where it stands, for the error.

    Raises:
        InvalidRecord: it is too large, not JSON, or breaks a rule of `NodeRecord`.
    """
    if len(data) > MAX_RECORD_BYTES:
        raise InvalidRecord(source, f"{len(data)} bytes are more than {MAX_RECORD_BYTES}")
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        # RecursionError is what msgspec raises for JSON that is nested too deeply.
        raise InvalidRecord(source, str(exc)) from exc


def znode_prefix(node_id: str) -> str:
    """Return the name of a node's znode up to the sequence number that ZooKeeper appends."""
    return f"n-{node_id}-"


def parse_znode_name(name: str) -> tuple[str, int] | None:
    """Split a znode's name into node_id and sequence; None if it is no node's."""
    match = _ZNODE_NAME.fullmatch(name)
    return (match[1], int(match[2])) if match else None
