"""A list of nodes as the bytes of a file, and back. Pure: bytes and values, nothing else.

The list is what a program starts with when the registry cannot be reached. So it says of which
registry it is, and when that confirmed it; the time is of the wall clock, since the monotonic one
begins anew with the machine.
"""

from typing import Annotated, Literal

import msgspec

from cluster.errors import InvalidCache
from cluster.record import NodeRecord

# Sixteen thousand of the largest records. A file beyond it was written by somebody else.
MAX_CACHE_BYTES = 16 << 20


class SavedNodes(msgspec.Struct, frozen=True, kw_only=True):
    """The nodes of one registry, as last confirmed.

    Attributes:
        source: of which registry, in the words of whoever keeps the list.
        confirmed: when the registry last confirmed it, in seconds since the epoch.
        nodes: their records, in the order of the snapshot; at least one, none twice.
        kind: what the file is.
        v: version of this layout.
    """

    source: str
    confirmed: Annotated[float, msgspec.Meta(ge=0, le=1e11)]
    nodes: Annotated[tuple[NodeRecord, ...], msgspec.Meta(min_length=1)]
    kind: Literal["nodes"] = "nodes"
    v: Literal[1] = 1


_decoder = msgspec.json.Decoder(SavedNodes)


def encode_nodes(saved: SavedNodes) -> bytes:
    """Write a list as JSON."""
    return msgspec.json.encode(saved)


def decode_nodes(data: bytes, source: str) -> SavedNodes:
    """Read a list from JSON; fields that a newer version may add are ignored.

    Args:
        data: what the file holds.
        source: of which registry the list has to be.

    Raises:
        InvalidCache: it is too large, not JSON, breaks a rule of `SavedNodes`, or is the list of
            another registry.
    """
    if len(data) > MAX_CACHE_BYTES:
        raise InvalidCache(f"it is larger than {MAX_CACHE_BYTES} bytes")
    try:
        saved = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        # RecursionError is what msgspec raises for JSON that is nested too deeply.
        raise InvalidCache(str(exc)) from exc
    if saved.source != source:
        raise InvalidCache(f"it is the list of {saved.source!r}, not of {source!r}")
    if len({record.node_id for record in saved.nodes}) < len(saved.nodes):
        raise InvalidCache("it names a node twice")
    return saved
