"""Anything may come over a bus: a batch is read or refused, and nothing else happens."""

from __future__ import annotations

from contextlib import suppress

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from server.batch import InvalidBatch, Item, decode_batch, encode_batch

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def read(data: bytes) -> None:
    """Read a batch to its end."""
    with suppress(InvalidBatch):
        list(decode_batch(data).items())


@given(st.binary())
def test_random_bytes(data: bytes) -> None:
    read(data)


@given(st.tuples(st.just(1), VALUES, VALUES, VALUES, VALUES, VALUES))
def test_a_right_beginning_and_rubbish_behind_it(layout: tuple[object, ...]) -> None:
    with suppress(UnicodeEncodeError):
        read(msgspec.msgpack.encode(layout))


@given(st.data())
def test_a_batch_with_some_bytes_changed(data: st.DataObject) -> None:
    items = [Item("bob", 1, b'{"a":1}'), Item("älice", 2**40, b"")]
    batch = bytearray(encode_batch("node", "epoch", items))
    for _ in range(data.draw(st.integers(1, 4))):
        batch[data.draw(st.integers(0, len(batch) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(batch))


def test_deep_nesting() -> None:
    read(b"\x91" * 100_000)
    whole = msgspec.msgpack.encode((1, "n", "e", [], [], None))
    read(whole[:-1] + b"\x91" * 100_000)
