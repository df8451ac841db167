"""The WebSocket transport: handshakes, messages, closes, and what it does for its session."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from server import transport
from server.admission import Refusal
from server.transport import WebSocketTransport
from server.wire import text_frame
from tests.server.wires import Peer
from tests.services.eventually import eventually


class Recorder:
    """A session that writes down what it is told."""

    def __init__(self, transport: WebSocketTransport) -> None:
        self.transport = transport
        self.events: list[str] = []
        self.texts: list[bytes] = []
        self.heard = 0

    def opened(self) -> None:
        """See `server.transport.Session`."""
        self.events.append("opened")

    def text(self, data: bytes) -> None:
        """See `server.transport.Session`."""
        self.texts.append(data)
        if data == b"close me":
            self.transport.close(4500, "as it wants")

    def binary(self) -> None:
        """See `server.transport.Session`."""
        self.events.append("binary")

    def heard_from(self) -> None:
        """See `server.transport.Session`."""
        self.heard += 1

    def set_writable(self, writable: bool) -> None:
        """See `server.transport.Session`."""
        self.events.append("writable" if writable else "not writable")

    def lost(self, code: int) -> None:
        """See `server.transport.Session`."""
        self.events.append(f"lost {code}")


class Wire:
    """A peer, and the session at the other end."""

    def __init__(self, **settings: object) -> None:
        self.sessions: list[Recorder] = []
        self.peer = Peer(self._make, **settings)
        self.session = self.sessions[0]

    def _make(self, transport: WebSocketTransport) -> Recorder:
        self.sessions.append(Recorder(transport))
        return self.sessions[-1]


def opened(**settings: object) -> Wire:
    """Return a wire whose WebSocket is open."""
    wire = Wire(**settings)
    assert wire.peer.handshake().status_code == 101
    return wire


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """Return a WebSocket frame as a client sends it."""
    return Frame(opcode, data, fin).serialize(mask=True)


async def test_a_handshake_that_is_turned_away_is_told_when_to_come_back() -> None:
    refusal = Refusal("full", "this node is full", 7)
    wire = Wire(admit=lambda: refusal)
    response = wire.peer.handshake()
    assert (response.status_code, response.body) == (503, b"this node is full\n")
    assert response.headers["Retry-After"] == "7"
    assert wire.session.events == []
    assert wire.peer.tcp.closing
    assert wire.peer.stats.handshakes == {"503": 1}
    assert wire.peer.stats.turned_away == {"full": 1}


async def test_a_socket_that_there_is_no_room_for_is_cut_off_and_counted_out() -> None:
    gone: list[str] = []
    wire = Wire(arrived=lambda: False, left=lambda: gone.append("gone"))
    assert wire.peer.tcp.aborted
    assert wire.peer.stats.handshakes == {"cut": 1}
    wire.peer.hang_up()
    assert gone == ["gone"]


async def test_a_flood_of_control_frames_is_cut_off() -> None:
    """A chunk of nothing but pings would keep the node busy for a second."""
    wire = opened()
    wire.peer.give(frame(Opcode.PING, b"") * 40_000)
    assert wire.peer.tcp.aborted
    assert wire.peer.stats.floods == 1
    assert len(wire.peer.opcodes()) == 0, "what was not written yet is forgotten"


async def test_small_frames_of_which_somebody_may_need_many_are_read() -> None:
    wire = opened()
    for _ in range(500):
        wire.peer.give(frame(Opcode.TEXT, b"a", fin=False) + frame(Opcode.CONT, b"b"))
    assert not wire.peer.tcp.aborted
    assert wire.session.texts == [b"ab"] * 500


async def test_what_is_no_handshake_of_ours_is_not_asked_about() -> None:
    asked: list[str] = []
    wire = Wire(admit=lambda: asked.append("asked"))
    assert wire.peer.handshake("/elsewhere").status_code == 404
    assert asked == []
    other = Wire(admit=lambda: asked.append("asked"))
    assert other.peer.handshake().status_code == 101
    assert asked == ["asked"]


async def test_a_handshake_opens_the_session() -> None:
    wire = Wire()
    response = wire.peer.handshake()
    assert response.headers["Sec-WebSocket-Protocol"] == "im.v1"
    assert wire.session.events == ["opened"]
    assert wire.peer.stats.handshakes == {"accepted": 1}


async def test_a_query_is_no_part_of_the_path() -> None:
    assert Wire().peer.handshake("/ws?a=/b").status_code == 101


@pytest.mark.parametrize("path", ["/", "/wss", "/ws/", "//[", "//ws", "/ws%20", "http://["])
async def test_other_paths_are_not_found(path: str) -> None:
    wire = Wire()
    assert wire.peer.handshake(path).status_code == 404
    assert wire.session.events == []
    assert wire.peer.stats.handshakes == {"404": 1}
    assert wire.peer.tcp.closing


async def test_another_origin_is_forbidden() -> None:
    origins = ("https://chat.example.org",)
    assert Wire(origins=origins).peer.handshake().status_code == 101
    assert Wire(origins=origins).peer.handshake(Origin=origins[0]).status_code == 101
    assert Wire(origins=origins).peer.handshake(Origin="https://evil").status_code == 403


async def test_another_subprotocol_is_refused() -> None:
    wire = Wire()
    opening = wire.peer.opening().replace(b": im.v1", b": soap")
    wire.peer.give(opening)
    assert wire.peer.tcp.take().startswith(b"HTTP/1.1 400")
    assert wire.peer.stats.handshakes == {"400": 1}


async def test_plain_http_is_told_to_upgrade() -> None:
    wire = Wire()
    wire.peer.give(b"GET /ws HTTP/1.1\r\nHost: here\r\n\r\n")
    assert wire.peer.tcp.take().startswith(b"HTTP/1.1 426")
    assert wire.peer.tcp.closing


@pytest.mark.parametrize("rubbish", [b"\x16\x03\x01\r\n", b"\0" * 200 + b"\n", b"A" * 20_000])
async def test_rubbish_for_a_handshake_is_cut_off(rubbish: bytes) -> None:
    wire = Wire()
    wire.peer.give(rubbish)
    assert wire.peer.tcp.closing
    assert wire.session.events == []


async def test_what_comes_with_the_handshake_is_not_lost() -> None:
    wire = Wire()
    wire.peer.give(wire.peer.opening() + frame(Opcode.TEXT, b"early"))
    assert wire.session.texts == [b"early"]


async def test_a_close_that_comes_with_the_handshake_raises_nothing() -> None:
    wire = Wire()
    wire.peer.give(wire.peer.opening() + frame(Opcode.CLOSE, b"\x03\xe8") + frame(Opcode.PING, b""))
    assert wire.peer.tcp.closing


async def test_messages_pass_in_any_pieces() -> None:
    wire = opened()
    wire.peer.give(frame(Opcode.TEXT, "für".encode()), pieces=9)
    assert wire.session.texts == ["für".encode()]


async def test_fragments_are_put_together_around_control_frames() -> None:
    wire = opened()
    wire.peer.give(
        frame(Opcode.TEXT, b"a", fin=False)
        + frame(Opcode.PING, b"?")
        + frame(Opcode.CONT, b"b", fin=False)
        + frame(Opcode.CONT, b"c")
    )
    assert wire.session.texts == [b"abc"]
    assert wire.peer.opcodes() == [Opcode.PONG]


async def test_empty_fragments_take_no_memory() -> None:
    wire = opened()
    wire.peer.give(frame(Opcode.TEXT, b"a", fin=False) + frame(Opcode.CONT, b"", fin=False) * 1000)
    fragments = wire.peer.transport._fragments
    assert fragments is not None
    assert len(fragments[1]) == 1
    wire.peer.give(frame(Opcode.CONT, b"b"))
    assert wire.session.texts == [b"ab"]


async def test_fragments_that_are_too_large_together_are_refused() -> None:
    wire = opened(max_message_bytes=1000)
    for _ in range(3):
        wire.peer.give(frame(Opcode.TEXT if _ == 0 else Opcode.CONT, b"x" * 400, fin=False))
    assert wire.peer.close_code == 1009
    assert wire.session.texts == []


async def test_invalid_utf8_closes_with_1007() -> None:
    wire = opened()
    wire.peer.text(b"\xc3\x28")
    assert wire.peer.close_code == 1007
    assert wire.session.texts == []


async def test_binary_is_reported() -> None:
    wire = opened()
    wire.peer.binary(b"\0")
    assert wire.session.events == ["opened", "binary"]


async def test_an_unmasked_frame_is_a_protocol_error() -> None:
    wire = opened()
    wire.peer.give(Frame(Opcode.TEXT, b"x").serialize(mask=False))
    assert wire.peer.close_code == 1002


async def test_what_comes_before_a_close_in_one_piece_is_handled() -> None:
    """A client that says goodbye may do so in the same segment as its last message."""
    wire = opened()
    wire.peer.give(frame(Opcode.TEXT, b"last") + frame(Opcode.CLOSE, b"\x03\xe8"))
    assert wire.session.texts == [b"last"]
    assert wire.peer.close_code == 1000


async def test_what_comes_before_a_frame_that_is_too_large_is_handled() -> None:
    wire = opened(max_message_bytes=1000)
    wire.peer.give(frame(Opcode.TEXT, b"good") + frame(Opcode.TEXT, b"x" * 2000))
    assert wire.session.texts == [b"good"]


async def test_nothing_is_handled_after_the_session_has_closed() -> None:
    wire = opened()
    wire.peer.give(frame(Opcode.TEXT, b"close me") + frame(Opcode.TEXT, b"too late"))
    assert wire.session.texts == [b"close me"]
    assert wire.peer.close_code == 4500


async def test_nothing_is_handled_after_a_message_that_is_not_utf8() -> None:
    wire = opened()
    end = frame(Opcode.CLOSE, b"\x03\xe8")
    wire.peer.give(frame(Opcode.TEXT, b"\xff") + frame(Opcode.TEXT, b"too late") + end)
    assert wire.session.texts == []


async def test_writes_go_out_as_they_are_and_are_dropped_when_closing() -> None:
    wire = opened()
    wire.peer.transport.write(text_frame(b'{"n":1}') + text_frame(b'{"n":2}'))
    assert wire.peer.messages() == [{"n": 1}, {"n": 2}]
    wire.peer.transport.close(4000, "bye")
    wire.peer.transport.write(text_frame(b'{"n":3}'))
    assert wire.peer.messages() == []


async def test_a_ping_goes_out() -> None:
    wire = opened()
    wire.peer.transport.ping()
    assert wire.peer.opcodes() == [Opcode.PING]


async def test_the_code_of_whoever_closes_first_counts() -> None:
    theirs = opened()
    theirs.peer.give(frame(Opcode.CLOSE, b"\x03\xe9"))
    theirs.peer.hang_up()
    assert theirs.session.events[-1] == "lost 1001"

    ours = opened()
    ours.peer.transport.close(4501, "")
    ours.peer.hang_up()
    assert ours.session.events[-1] == "lost 4501"

    cut = opened()
    cut.peer.hang_up()
    assert cut.session.events[-1] == "lost 1006"


async def test_a_message_that_is_too_large_counts_as_1009() -> None:
    wire = opened(max_message_bytes=1000)
    wire.peer.give(frame(Opcode.TEXT, b"x" * 2000))
    wire.peer.hang_up()
    assert wire.session.events[-1] == "lost 1009"


async def test_a_peer_that_does_not_read_is_reported() -> None:
    wire = opened(max_buffer_bytes=1000)
    wire.peer.transport.write(text_frame(b'"' + b"x" * 2000 + b'"'))
    assert wire.session.events[-1] == "not writable"
    wire.peer.opcodes()
    assert wire.session.events[-1] == "writable"


async def test_reading_is_paused_and_resumed_for_the_session() -> None:
    wire = opened()
    wire.peer.transport.pause_reading()
    assert not wire.peer.tcp.reading
    wire.peer.transport.resume_reading()
    assert wire.peer.tcp.reading


async def test_a_paused_peer_can_still_answer_a_close() -> None:
    wire = opened()
    wire.peer.transport.pause_reading()
    wire.peer.transport.close(4000, "bye")
    assert wire.peer.tcp.reading


async def test_a_peer_that_never_finishes_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HANDSHAKE_TIMEOUT", 0.01)
    monkeypatch.setattr(transport, "CLOSE_TIMEOUT", 0.01)
    silent = Wire()
    closing = opened()
    closing.peer.transport.close(4000, "bye")
    staying = opened()
    await eventually(lambda: silent.peer.tcp.aborted and closing.peer.tcp.aborted)
    assert not staying.peer.tcp.closing


async def test_a_lost_connection_can_be_told_anything() -> None:
    wire = opened()
    transport = wire.peer.transport
    assert transport.peer == "192.0.2.1"
    wire.peer.hang_up()
    transport.write(text_frame(b"{}"))
    transport.ping()
    transport.pause_reading()
    transport.resume_reading()
    transport.close(4000, "bye")
    transport.abort()
    assert transport.peer == "?"
    assert wire.session.events == ["opened", "lost 1006"]


async def test_a_handshake_through_a_proxy_is_known_by_its_header() -> None:
    for headers, proxied in ((dict[str, str](), False), ({"Via": "1.1 gateway"}, True)):
        wire = Wire()
        wire.peer.handshake(**headers)
        assert wire.peer.transport.proxied is proxied
