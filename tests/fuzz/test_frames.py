"""Whatever comes over a WebSocket, reading it gives a frame or `InvalidFrame`."""

import contextlib
import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cluster.codes import ErrorCode
from cluster.errors import InvalidFrame
from cluster.frames import (
    Ack,
    AnyClientFrame,
    AnyNodeFrame,
    Connect,
    Connected,
    Error,
    Message,
    Move,
    Ping,
    Pong,
    Send,
    Sent,
    decode_client_frame,
    decode_node_frame,
    encode,
    error_frame,
    message_frame,
    message_tail,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MAYBE_TEXT = st.none() | TEXT
OFFSETS = st.integers(0, 2**53 - 1)
SECONDS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | SECONDS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
BODIES = JSON.map(lambda value: msgspec.Raw(json.dumps(value).encode()))

CLIENT_FRAMES = st.one_of(
    st.builds(
        Connect,
        user=TEXT,
        token=MAYBE_TEXT,
        device=TEXT,
        epoch=MAYBE_TEXT,
        offset=st.none() | OFFSETS,
    ),
    st.builds(Send, id=TEXT, to=TEXT, body=BODIES, durable=st.booleans()),
    st.builds(Ack, offset=OFFSETS),
    st.just(Ping()),
)
NODE_FRAMES = st.one_of(
    st.builds(
        Connected,
        channel=TEXT,
        node=TEXT,
        epoch=TEXT,
        offset=OFFSETS,
        recovered=st.booleans(),
        heartbeat=SECONDS,
    ),
    st.builds(Sent, id=TEXT, offset=st.none() | OFFSETS),
    st.builds(Message, offset=st.none() | OFFSETS, sender=TEXT, id=TEXT, time=SECONDS, body=BODIES),
    st.builds(Error, id=MAYBE_TEXT, code=TEXT, reason=TEXT, temporary=st.booleans()),
    st.builds(Move, url=MAYBE_TEXT, within=SECONDS),
    st.just(Pong()),
)
TYPES = ["connect", "send", "ack", "ping", "connected", "sent", "message", "error", "move", "x"]


def attempt(data: bytes) -> None:
    """Read it on both sides; a refusal must have a code of the table, and be fit to be sent."""
    try:
        decode_client_frame(data)
    except InvalidFrame as exc:
        code = ErrorCode(exc.code)
        decode_node_frame(error_frame(code, exc.reason, exc.id))
    with contextlib.suppress(InvalidFrame):
        decode_node_frame(data)


@given(CLIENT_FRAMES)
def test_what_a_client_writes_is_read(frame: AnyClientFrame) -> None:
    assert decode_client_frame(encode(frame)) == frame


@given(NODE_FRAMES)
def test_what_a_node_writes_is_read(frame: AnyNodeFrame) -> None:
    assert decode_node_frame(encode(frame)) == frame
    assert decode_node_frame(encode(frame).decode()) == frame


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    attempt(data)


@given(JSON)
def test_any_json(value: object) -> None:
    attempt(json.dumps(value).encode())


@given(
    st.sampled_from(TYPES),
    st.dictionaries(
        st.sampled_from(["user", "token", "device", "epoch", "offset", "id", "to", "body", "time"]),
        JSON,
    ),
)
def test_any_fields(kind: str, fields: dict[str, object]) -> None:
    attempt(json.dumps({"type": kind, **fields}).encode())


@given(CLIENT_FRAMES | NODE_FRAMES, st.integers(0, 300), st.binary(max_size=3))
def test_a_frame_that_was_damaged(
    frame: AnyClientFrame | AnyNodeFrame, at: int, with_what: bytes
) -> None:
    data = encode(frame)
    attempt(data[:at] + with_what + data[at + len(with_what) :])
    attempt(data[:at])


@given(st.integers(0, 20_000), st.sampled_from([b"[", b'{"":', b'[{"x":']), st.booleans())
def test_any_depth(depth: int, opening: bytes, in_body: bool) -> None:
    head = b'{"type":"send","id":"s-1","to":"al","body":' if in_body else b""
    attempt(head + opening * depth)


@given(TEXT, TEXT, st.floats(0, 1e12), BODIES, st.none() | OFFSETS)
def test_a_message_put_together_by_hand(
    sender: str, send_id: str, time: float, body: msgspec.Raw, offset: int | None
) -> None:
    tail = message_tail(sender, send_id, time, bytes(body))
    expected = Message(sender=sender, id=send_id, time=time, body=body, offset=offset)
    assert decode_node_frame(message_frame(offset, tail)) == expected
