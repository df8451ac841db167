"""Frames: what is written is read, and what is no frame is refused with its code."""

import json
from typing import Any

import msgspec
import pytest

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
    sent_frame,
)

BODY = msgspec.Raw(b'{"text": "h\xc3\xa4"}')

CLIENT: list[tuple[AnyClientFrame, dict[str, Any]]] = [
    (Connect(user="bob", offset=57), {"type": "connect", "user": "bob", "offset": 57}),
    (
        Connect(user="bob", token="t", device="phone", epoch="e", offset=0),
        {"type": "connect", "token": "t", "device": "phone", "epoch": "e", "offset": 0},
    ),
    (Connect(user="bob", moved=True), {"type": "connect", "user": "bob", "moved": True}),
    (Send(id="s-1", to="al", body=BODY), {"type": "send", "id": "s-1", "body": {"text": "hä"}}),
    (Send(id="s-2", to="al", body=BODY, durable=False), {"durable": False}),
    (Ack(offset=58), {"type": "ack", "offset": 58}),
    (Ping(), {"type": "ping"}),
]

NODE: list[tuple[AnyNodeFrame, dict[str, Any]]] = [
    (
        Connected(channel="c", node="n", epoch="e", offset=5, recovered=False, heartbeat=25.0),
        {"type": "connected", "recovered": False, "heartbeat": 25.0},
    ),
    (Sent(id="s-1", offset=58), {"type": "sent", "id": "s-1", "offset": 58}),
    (Message(sender="al", id="s-1", offset=5, time=1.5, body=BODY), {"from": "al", "offset": 5}),
    (Message(sender="al", id="s-1", time=1.5, body=BODY), {"type": "message", "from": "al"}),
    (Error(code="bad_json", reason="r"), {"type": "error", "code": "bad_json"}),
    (Error(id="s-1", code="x", reason="r", temporary=True), {"id": "s-1", "temporary": True}),
    (Move(url="ws://h/ws", within=3.2), {"type": "move", "url": "ws://h/ws", "within": 3.2}),
    (Pong(), {"type": "pong"}),
]


@pytest.mark.parametrize(("frame", "fields"), CLIENT)
def test_client_frames(frame: AnyClientFrame, fields: dict[str, Any]) -> None:
    assert json.loads(encode(frame)).items() >= fields.items()
    assert decode_client_frame(encode(frame)) == frame


@pytest.mark.parametrize(("frame", "fields"), NODE)
def test_node_frames(frame: AnyNodeFrame, fields: dict[str, Any]) -> None:
    assert json.loads(encode(frame)).items() >= fields.items()
    assert decode_node_frame(encode(frame)) == frame
    assert decode_node_frame(encode(frame).decode()) == frame


def test_fields_at_their_default_are_left_out() -> None:
    assert encode(Pong()) == b'{"type":"pong"}'
    assert encode(Connect(user="bob")) == b'{"type":"connect","user":"bob"}'
    assert json.loads(encode(Sent(id="s-1"))) == {"type": "sent", "id": "s-1"}


def test_a_body_stays_as_it_was_written() -> None:
    data = b'{"type":"send","id":"s-1","to":"al","body":{"a" : 1.0e5,"b":[ ]}}'
    frame = decode_client_frame(data)
    assert isinstance(frame, Send)
    assert bytes(frame.body) == b'{"a" : 1.0e5,"b":[ ]}'


@pytest.mark.parametrize(
    ("data", "code", "send_id"),
    [
        (b"", ErrorCode.BAD_JSON, None),
        (b"{", ErrorCode.BAD_JSON, None),
        (b"hello", ErrorCode.BAD_JSON, None),
        (b'{"type":"ping"', ErrorCode.BAD_JSON, None),
        (b'{"type":"ping"} x', ErrorCode.BAD_JSON, None),
        (b'{"type":"connect","user":"\xff"}', ErrorCode.BAD_JSON, None),
        (b'{"type":"send","id":"s-1","to":"al","body":' + b"[" * 5000, ErrorCode.BAD_JSON, None),
        (b"[]", ErrorCode.BAD_FRAME, None),
        (b"null", ErrorCode.BAD_FRAME, None),
        (b"{}", ErrorCode.BAD_FRAME, None),
        (b'{"type":5}', ErrorCode.BAD_FRAME, None),
        (b'{"type":"connect"}', ErrorCode.BAD_FRAME, None),
        (b'{"type":"connect","user":5}', ErrorCode.BAD_FRAME, None),
        (b'{"type":"connect","user":"b","offset":-1}', ErrorCode.BAD_FRAME, None),
        (b'{"type":"ack","offset":9007199254740992}', ErrorCode.BAD_FRAME, None),
        (b'{"type":"send","id":"s-1","to":"al"}', ErrorCode.BAD_FRAME, "s-1"),
        (b'{"type":"send","id":5,"to":"al","body":1}', ErrorCode.BAD_FRAME, None),
        (b'{"type":"shout","id":"s-1"}', ErrorCode.UNKNOWN_TYPE, "s-1"),
        (b'{"type":"message"}', ErrorCode.UNKNOWN_TYPE, None),
    ],
)
def test_what_is_no_client_frame(data: bytes, code: ErrorCode, send_id: str | None) -> None:
    with pytest.raises(InvalidFrame) as caught:
        decode_client_frame(data)
    assert (caught.value.code, caught.value.id) == (code, send_id)
    assert caught.value.reason


def test_a_node_frame_of_a_newer_version_is_no_error() -> None:
    assert decode_node_frame(b'{"type":"confetti","colour":"red"}') is None
    assert decode_node_frame(b'{"type":"pong","colour":"red"}') == Pong()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", ErrorCode.BAD_JSON),
        (b"[]", ErrorCode.BAD_FRAME),
        (b'{"type":5}', ErrorCode.BAD_FRAME),
        (b'{"type":"sent"}', ErrorCode.BAD_FRAME),
        (b'{"type":"message","from":"al","id":"s-1","time":1,"body":' + b"[" * 5000, "bad_json"),
    ],
)
def test_what_is_no_node_frame(data: bytes, code: str) -> None:
    with pytest.raises(InvalidFrame) as caught:
        decode_node_frame(data)
    assert caught.value.code == code


def test_an_error_is_temporary_by_its_code() -> None:
    later = decode_node_frame(error_frame(ErrorCode.UNAVAILABLE, "no store", "s-1"))
    assert later == Error(id="s-1", code="unavailable", reason="no store", temporary=True)
    never = decode_node_frame(error_frame(ErrorCode.BAD_NAME, "empty"))
    assert never == Error(code="bad_name", reason="empty")


@pytest.mark.parametrize("offset", [None, 0, 58])
def test_frames_put_together_by_hand_are_the_same(offset: int | None) -> None:
    tail = message_tail('z"oë\\', "s-1", 1.5, bytes(BODY))
    expected = Message(sender='z"oë\\', id="s-1", offset=offset, time=1.5, body=BODY)
    assert decode_node_frame(message_frame(offset, tail)) == expected
    assert decode_node_frame(sent_frame("s-1", offset)) == Sent(id="s-1", offset=offset)
