"""Whatever stands in a znode, reading it gives a record or `InvalidRecord`."""

import contextlib
import json
import uuid

from hypothesis import given
from hypothesis import strategies as st

from cluster.errors import InvalidRecord
from cluster.members import Member, arrange, read_member, write_member
from cluster.record import NodeRecord, decode_record, encode_record, parse_znode_name

SEQUENCES = st.integers(-(2**31), 2**31 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)

RECORDS = st.builds(
    NodeRecord,
    node_id=st.uuids().map(str),
    host=TEXT.filter(bool),
    port=st.integers(1, 65535),
    url=TEXT.map("wss://{}".format),
    weight=st.integers(1, 1_000_000),
    zone=TEXT,
    state=st.sampled_from(["up", "draining"]),
    started=st.floats(0, 1e12),
    load=st.integers(0, 2**31),
    admin=TEXT,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def attempt(data: bytes) -> None:
    with contextlib.suppress(InvalidRecord):
        assert isinstance(decode_record(data, "here"), NodeRecord)


@given(RECORDS)
def test_what_is_written_is_read(record: NodeRecord) -> None:
    with contextlib.suppress(InvalidRecord):  # too large
        assert decode_record(encode_record(record), "here") == record


@given(st.binary(max_size=1100))
def test_any_bytes(data: bytes) -> None:
    attempt(data)


@given(JSON)
def test_any_json(value: object) -> None:
    attempt(json.dumps(value).encode())


@given(RECORDS, st.sampled_from(NodeRecord.__struct_fields__), JSON)
def test_a_record_with_one_field_wrong(record: NodeRecord, field: str, value: object) -> None:
    attempt(json.dumps({**_fields(record), field: value}).encode())


@given(RECORDS, st.integers(0, 1100), st.binary(max_size=3))
def test_a_record_that_was_damaged(record: NodeRecord, at: int, with_what: bytes) -> None:
    with contextlib.suppress(InvalidRecord):
        data = encode_record(record)
        attempt(data[:at] + with_what + data[at + len(with_what) :])
        attempt(data[:at])


@given(st.integers(0, 1024), st.sampled_from([b"[", b"{", b'{"x":', b'[{"":']))
def test_any_depth(depth: int, opening: bytes) -> None:
    attempt(b'{"node_id":"a","x":' + opening * depth)


@given(RECORDS, SEQUENCES)
def test_names_of_znodes(record: NodeRecord, sequence: int) -> None:
    with contextlib.suppress(InvalidRecord):
        prefix, data = write_member(record)
        name = f"{prefix}{'-' if sequence < 0 else ''}{abs(sequence):010}"
        assert read_member(name, data) == Member(sequence, record)


@given(st.text())
def test_any_name(name: str) -> None:
    parts = parse_znode_name(name)
    assert parts is None or str(uuid.UUID(parts[0])) == parts[0]


@given(st.lists(st.builds(Member, SEQUENCES, RECORDS), max_size=8))
def test_arranging_keeps_each_node_and_address_once(members: list[Member]) -> None:
    kept = arrange(members)
    assert set(kept) <= set(members)
    addresses = {(member.record.host, member.record.port) for member in kept}
    assert len(addresses) == len({member.record.node_id for member in kept}) == len(kept)
    assert bool(kept) is bool(members)


@given(st.integers(0, 2**32 - 1), st.permutations(range(6)))
def test_order_is_that_of_registration_wherever_the_counter_stands(
    start: int, order: list[int]
) -> None:
    members = [
        Member(
            (start + i + 2**31) % 2**32 - 2**31,
            NodeRecord(node_id=str(i), host="h", port=i + 1, url="ws://h"),
        )
        for i in range(6)
    ]
    assert arrange(members[i] for i in order) == tuple(members)


def _fields(record: NodeRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__struct_fields__}
