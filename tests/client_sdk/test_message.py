"""Bodies survive the way; what JSON can't express is refused."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_sdk.errors import InvalidBody
from client_sdk.message import decode_body, decode_message, encode_body
from cluster import frames

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_round_trip(body: Any) -> None:
    tail = frames.message_tail("alice", "s-1", 1.5, encode_body(body))
    frame = frames.decode_node_frame(frames.message_frame(7, tail))
    assert isinstance(frame, frames.Message)
    message = decode_message(frame)
    assert (message.sender, message.offset, message.id, message.time) == ("alice", 7, "s-1", 1.5)
    assert message.body == body


def test_what_json_cannot_express() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    for body in (object(), {1 + 2j}, nested):
        with pytest.raises(InvalidBody, match="cannot send this body"):
            encode_body(body)


@pytest.mark.parametrize("body", [b"1e400", b"9" * 5000, b'{"a":[1e999]}', b"9" * 5000 + b".5"])
def test_no_number_is_too_large(body: bytes) -> None:
    assert "inf" in str(decode_body(msgspec.Raw(body)))
    assert decode_body(msgspec.Raw(b"[-1e400]")) == [-math.inf]


def test_a_frame_is_decoded_only_when_it_is_taken() -> None:
    frame = frames.Message(sender="a", id="s-1", time=0.0, body=msgspec.Raw(b'{"x":[1]}'))
    assert decode_message(frame).body == {"x": [1]}
