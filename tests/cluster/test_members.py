"""Entries become members: rubbish is refused, order and duplicates are settled."""

import uuid

import pytest

from cluster.errors import InvalidRecord
from cluster.members import Member, arrange, read_member, records_of, write_member
from cluster.record import encode_record
from tests.cluster.records import make_record


def member(sequence: int, **changes: object) -> Member:
    return Member(sequence, make_record(**({"port": 7000 + sequence % 1000} | changes)))


def test_what_is_written_is_read() -> None:
    record = make_record()
    prefix, data = write_member(record)
    assert read_member(f"{prefix}0000000042", data) == Member(42, record)
    assert read_member(f"{prefix}-2147483648", data).sequence == -(2**31)


def test_a_node_id_that_no_watcher_would_recognise_is_refused() -> None:
    with pytest.raises(InvalidRecord, match="must be a uuid"):
        write_member(make_record(node_id="node-1"))


@pytest.mark.parametrize("name", ["", "n-1", "lock", "n-x-0000000001", f"n-{uuid.uuid4()}-1"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidRecord, match="its name"):
        read_member(name, encode_record(make_record()))


def test_a_record_about_another_node_is_refused() -> None:
    with pytest.raises(InvalidRecord, match="another node"):
        read_member(f"n-{uuid.uuid4()}-0000000001", encode_record(make_record()))


def test_members_stand_in_the_order_of_their_numbers() -> None:
    one, two, three = member(1), member(2), member(3)
    assert arrange([three, one, two]) == (one, two, three)


def test_the_counter_goes_on_at_its_negative_end() -> None:
    before, last = member(2**31 - 2), member(2**31 - 1)
    first, after = member(-(2**31)), member(-(2**31) + 1)
    assert arrange([after, last, first, before]) == (before, last, first, after)


def test_of_two_at_one_address_the_newest_counts() -> None:
    old, new = member(2**31 - 1, port=1), member(-(2**31), port=1)
    assert arrange([new, old]) == (new,)


def test_of_two_of_one_node_the_newest_counts() -> None:
    node_id = str(uuid.uuid4())
    old, new = member(1, node_id=node_id, port=1), member(2, node_id=node_id, port=2)
    assert arrange([old, new]) == (new,)


def test_records_of_keeps_the_order() -> None:
    one, two = member(1), member(2)
    assert records_of((one, two)) == (one.record, two.record)
