"""A list of nodes survives the way to bytes and back; anything else is refused, never believed."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.errors import InvalidCache
from cluster.record import NodeRecord
from cluster.snapshot_codec import MAX_CACHE_BYTES, SavedNodes, decode_nodes, encode_nodes
from tests.balancer.nodes import records_of_any_kind
from tests.cluster.records import make_record

SOURCE = "zk://127.0.0.1:2181/x?cluster=im"
SAVED = SavedNodes(source=SOURCE, confirmed=1_700_000_000.5, nodes=(make_record(zone="a"),))


@given(records_of_any_kind.filter(bool), st.floats(0, 1e11))
def test_what_is_written_is_read(records: tuple[NodeRecord, ...], confirmed: float) -> None:
    saved = SavedNodes(source=SOURCE, confirmed=confirmed, nodes=records)
    assert decode_nodes(encode_nodes(saved), SOURCE) == saved


def test_the_layout_is_the_one_that_is_documented() -> None:
    assert msgspec.json.decode(encode_nodes(SAVED)) == {
        "source": SOURCE,
        "confirmed": 1_700_000_000.5,
        "nodes": [msgspec.to_builtins(SAVED.nodes[0])],
        "kind": "nodes",
        "v": 1,
    }


def test_fields_of_a_newer_version_are_ignored() -> None:
    data = encode_nodes(SAVED)[:-1] + b',"more":[1]}'
    assert decode_nodes(data, SOURCE) == SAVED


def change(**fields: object) -> bytes:
    """Return the bytes of a list with other fields."""
    return msgspec.json.encode(msgspec.to_builtins(SAVED) | fields)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "truncated"),
        (encode_nodes(SAVED)[:-20], "truncated"),
        (b"\0" * 100, "malformed"),
        (b"\xff\xfe" + encode_nodes(SAVED), "malformed"),
        (b"[" * 100_000, "recursion|depth|array"),
        (b"[]", "array"),
        (b" " * (MAX_CACHE_BYTES + 1), "larger than"),
        (change(kind="users"), "kind"),
        (change(v=2), "v"),
        (change(nodes=[]), "nodes"),
        (change(nodes=[{"node_id": "a"}]), "nodes"),
        (change(nodes=[msgspec.to_builtins(SAVED.nodes[0])] * 2), "twice"),
        (change(confirmed=-1), "confirmed"),
        (change(confirmed=1e300), "confirmed"),
        (change(confirmed=None), "confirmed"),
        (change(source="zk://elsewhere:2181?cluster=im"), "the list of 'zk://elsewhere"),
    ],
)
def test_anything_else_is_refused_with_its_reason(data: bytes, told: str) -> None:
    with pytest.raises(InvalidCache, match=f"(?i){told}"):
        decode_nodes(data, SOURCE)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with pytest.raises(InvalidCache):
        decode_nodes(data, SOURCE)


@given(st.integers(0, 600), st.integers(0, 255))
def test_a_byte_that_flipped_raises_nothing_else(place: int, value: int) -> None:
    data = bytearray(encode_nodes(SAVED))
    data[place % len(data)] = value
    try:
        saved = decode_nodes(bytes(data), SOURCE)
    except InvalidCache:
        return
    assert len(saved.nodes) == 1
