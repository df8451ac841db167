"""Frames that the node writes are those that websockets would write."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from server.wire import PING, text_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_a_text_frame_is_what_websockets_writes(size: int) -> None:
    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


def test_a_ping_is_what_websockets_writes() -> None:
    assert Frame(Opcode.PING, b"").serialize(mask=False) == PING
