"""The generator's frames are those of the WebSocket library, and are read as it would read them."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from scripts.bench_lib.wire import (
    FrameReader,
    close_frame,
    pong_frame,
    text_frame,
    upgrade_request,
)
from server.wire import PING
from server.wire import text_frame as node_frame

PAYLOADS = st.integers(0, 70_000).map(lambda size: os.urandom((size + 1) // 2).hex()[:size])


def accepted() -> ServerProtocol:
    """Return the library's server, behind the handshake."""
    server = ServerProtocol()
    server.receive_data(upgrade_request("127.0.0.1:7177", "/ws"))
    [request] = server.events_received()
    assert isinstance(request, Request)
    assert request.path == "/ws"
    response = server.accept(request)
    assert response.status_code == 101
    server.send_response(response)
    return server


def test_the_library_understands_what_a_client_writes() -> None:
    server, mask = accepted(), os.urandom(4)
    payloads = [b"", b"x" * 125, b"y" * 126, b"z" * 60_000]
    for payload in payloads:
        server.receive_data(text_frame(payload, mask))
    server.receive_data(pong_frame(b"beat", mask))
    server.receive_data(close_frame(1000, mask))
    frames = server.events_received()
    assert all(isinstance(frame, Frame) for frame in frames)
    found = [(frame.opcode, bytes(frame.data)) for frame in frames if isinstance(frame, Frame)]
    texts = [(Opcode.TEXT, payload) for payload in payloads]
    assert found == [*texts, (Opcode.PONG, b"beat"), (Opcode.CLOSE, b"\x03\xe8")]


@given(st.lists(PAYLOADS, max_size=5), st.lists(st.integers(1, 400), max_size=30))
def test_frames_are_found_however_they_are_split(texts: list[str], sizes: list[int]) -> None:
    stream = b"".join(node_frame(text.encode()) + PING for text in texts)
    reader, found = FrameReader(), []
    for size in sizes:
        found += reader.feed(stream[:size])
        stream = stream[size:]
    found += reader.feed(stream)
    assert [text.decode() for text in found] == texts
    assert reader.pings == [b""] * len(texts)


def test_a_close_is_remembered() -> None:
    reader = FrameReader()
    assert reader.feed(b"\x88\x04\x0f\xa0by") == []
    assert reader.closed == b"\x0f\xa0by"
