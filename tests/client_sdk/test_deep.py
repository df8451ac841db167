"""What is nested too deeply for the stack as it is, is read on another one."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest

from client_sdk.channel import read_frame
from client_sdk.deep import on_fresh_stack
from client_sdk.message import decode_body
from cluster.frames import Message

T = TypeVar("T")

LEVELS = 900
BODY = b"[" * LEVELS + b"]" * LEVELS


def far_up(call: Callable[[], T], frames: int = 300) -> T:
    """Call a function with so many frames below it."""
    return far_up(call, frames - 1) if frames else call()


def levels(body: object) -> int:
    found = 0
    while isinstance(body, list):
        found += 1
        body = body[0] if body else None
    return found


def test_what_it_gives_and_what_it_raises() -> None:
    assert on_fresh_stack(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        on_fresh_stack(lambda: 1 // 0)


def test_a_body_far_up_the_stack() -> None:
    assert levels(far_up(lambda: decode_body(msgspec.Raw(BODY)))) == LEVELS


def test_a_frame_far_up_the_stack() -> None:
    text = f'{{"type":"message","from":"al","id":"s-1","time":1.5,"body":{BODY.decode()}}}'
    frame = far_up(lambda: read_frame(text))
    assert isinstance(frame, Message)
    assert bytes(frame.body) == BODY
