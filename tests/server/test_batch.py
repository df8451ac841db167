"""Batches: what is written is read, and the recipients can be read without the payloads."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.batch import (
    MAX_BATCH_BYTES,
    NOT_STORED,
    InvalidBatch,
    Item,
    decode_batch,
    encode_batch,
    split_items,
)

OFFSETS = st.integers(NOT_STORED, 2**53 - 1)
USERS = st.text(st.characters(exclude_categories=["Cs"]))
ITEMS = st.lists(st.builds(Item, USERS, OFFSETS, st.binary()))


@given(ITEMS)
def test_what_is_written_is_read(items: list[Item]) -> None:
    batch = decode_batch(encode_batch("n1", "e1", items))
    assert (batch.node_id, batch.epoch) == ("n1", "e1")
    assert batch.users == [item.user for item in items]
    assert list(batch.items()) == items


def test_the_recipients_are_read_without_the_payloads() -> None:
    data = msgspec.msgpack.encode((1, "n1", "e1", ["bob"], [1], "no list of payloads at all"))
    batch = decode_batch(data)
    assert batch.users == ["bob"]
    with pytest.raises(InvalidBatch):
        batch.items()


@pytest.mark.parametrize(
    "layout",
    [
        (2, "n1", "e1", [], [], []),
        (1, "n1", "e1", [], []),
        (1, "n1", "e1", ["bob"], ["1"], [b""]),
        ("1", "n1", "e1", [], [], []),
        {"v": 1},
        None,
    ],
)
def test_another_version_or_layout_is_refused(layout: object) -> None:
    with pytest.raises(InvalidBatch):
        decode_batch(msgspec.msgpack.encode(layout))


@pytest.mark.parametrize(
    ("users", "offsets", "payloads"),
    [(["a"], [1], []), (["a"], [], [b""]), ([], [1], [b""]), (["a", "b"], [1, 2], [b""])],
)
def test_unequal_lists_are_refused(
    users: list[str], offsets: list[int], payloads: list[bytes]
) -> None:
    batch = decode_batch(msgspec.msgpack.encode((1, "n1", "e1", users, offsets, payloads)))
    with pytest.raises(InvalidBatch, match="not equally many"):
        batch.items()


@given(st.lists(st.integers(0, MAX_BATCH_BYTES * 2)))
def test_runs_hold_everything_in_order_and_keep_the_limit(sizes: list[int]) -> None:
    items = [Item("bob", n, bytes(size)) for n, size in enumerate(sizes)]
    runs = list(split_items(items))
    assert [item for run in runs for item in run] == items
    for run in runs:
        assert len(run) == 1 or sum(len(item.payload) for item in run) <= MAX_BATCH_BYTES
        assert run


def test_items_without_payload_are_split_too() -> None:
    """They say `look`: each takes room for its user all the same."""
    items = [Item("u" * 200, n, b"") for n in range(2000)]
    runs = list(split_items(items))
    assert all(len(encode_batch("n", "e", run)) <= MAX_BATCH_BYTES * 1.1 for run in runs)
