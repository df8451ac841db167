"""The record of a node: what is written is read, and rubbish is refused with a reason."""

import json
import uuid

import pytest

from cluster.errors import InvalidRecord
from cluster.record import (
    MAX_RECORD_BYTES,
    decode_record,
    encode_record,
    parse_znode_name,
    znode_prefix,
)
from tests.cluster.records import make_record

GOOD = {"node_id": "a", "host": "h", "port": 7177, "url": "ws://h:7177/ws", "v": 1}


def encoded(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode()


def test_what_is_written_is_read() -> None:
    record = make_record(weight=3, zone="ä", state="draining", started=1.5, load=7, admin="h:1")
    assert decode_record(encode_record(record), "here") == record


def test_it_says_which_version_it_is() -> None:
    assert json.loads(encode_record(make_record()))["v"] == 1


def test_fields_of_a_newer_version_are_ignored() -> None:
    assert decode_record(encoded(colour="red"), "here").host == "h"


def test_what_is_left_out_has_its_default() -> None:
    record = decode_record(encoded(), "here")
    assert (record.weight, record.zone, record.state, record.load) == (1, "", "up", 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"v": 2}, "v"),
        ({"port": 0}, "port"),
        ({"port": 65536}, "port"),
        ({"port": "7177"}, "port"),
        ({"host": ""}, "host"),
        ({"node_id": ""}, "node_id"),
        ({"url": "http://h"}, "url"),
        ({"weight": 0}, "weight"),
        ({"load": -1}, "load"),
        ({"state": "asleep"}, "state"),
    ],
)
def test_a_broken_rule_is_named(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidRecord, match=f"^/im/x holds no node record: .*{reason}"):
        decode_record(encoded(**changes), "/im/x")


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{}", b"\xff", b'{"node_id":"\xff"}', b"{" * 9, b'{"x":' + b"[" * 1015],
)
def test_rubbish_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRecord):
        decode_record(data, "here")


def test_size_is_limited_both_ways() -> None:
    with pytest.raises(InvalidRecord, match="more than the 1024"):
        encode_record(make_record(zone="z" * MAX_RECORD_BYTES))
    with pytest.raises(InvalidRecord, match="more than 1024"):
        decode_record(encoded() + b" " * MAX_RECORD_BYTES, "here")


def test_names_of_znodes() -> None:
    node_id = str(uuid.uuid4())
    prefix = znode_prefix(node_id)
    assert parse_znode_name(f"{prefix}0000000007") == (node_id, 7)
    assert parse_znode_name(f"{prefix}-2147483648") == (node_id, -(2**31))
    for name in ("", "n-", prefix, f"{prefix}7", f"x{prefix}0000000007", f"{prefix}0000000007\n"):
        assert parse_znode_name(name) is None
