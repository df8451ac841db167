"""Anything may come over a socket: the transport closes with the right code, and never raises."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from server.transport import WebSocketTransport
from tests.server.wires import Peer

MAX_BYTES = 300


@dataclass
class Session:
    """Notes what it is told, and holds the transport to its promises."""

    transport: WebSocketTransport
    texts: list[bytes] = field(default_factory=list)
    binaries: int = 0
    open: bool = False
    ended: bool = False

    def opened(self) -> None:
        """See `server.transport.Session`."""
        assert not self.open
        self.open = True

    def text(self, data: bytes) -> None:
        """See `server.transport.Session`."""
        assert self.open
        assert not self.ended
        assert len(data) <= MAX_BYTES
        data.decode()
        self.texts.append(data)

    def binary(self) -> None:
        """See `server.transport.Session`."""
        assert self.open
        assert not self.ended
        self.binaries += 1

    def heard_from(self) -> None:
        """See `server.transport.Session`."""

    def set_writable(self, writable: bool) -> None:
        """See `server.transport.Session`."""

    def lost(self, code: int) -> None:
        """See `server.transport.Session`."""
        assert not self.ended
        assert 1000 <= code < 5000
        self.ended = True


class LibraryAlone(WebSocketTransport):
    """A transport that has everything read by the library, in the pieces in which it comes."""

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._session.heard_from()
        self._ws.receive_data(data)
        self._handle_events()


class PeerOfLibraryAlone(Peer):
    """A peer of such a transport."""

    transport_type = LibraryAlone


class Wire:
    """A peer and its session; usable outside of a running loop."""

    def __init__(self, peer: type[Peer] = Peer) -> None:
        sessions: list[Session] = []

        def make(transport: WebSocketTransport) -> Session:
            sessions.append(Session(transport))
            return sessions[0]

        self.peer = peer(make, max_message_bytes=MAX_BYTES)
        self.session = sessions[0]

    def finish(self) -> None:
        """End the connection as asyncio would."""
        self.peer.transport.eof_received()
        self.peer.hang_up()
        assert self.session.ended


def in_loop(check: object) -> None:
    """Run a check in an event loop: hypothesis calls plain functions."""

    async def run() -> None:
        assert callable(check)
        check()

    asyncio.run(run())


@dataclass(frozen=True)
class Message:
    """A message as a client may send it: whole or in fragments, with pings in between."""

    data: bytes
    text: bool
    cuts: int
    pings: bool

    def encoded(self) -> bytes:
        """Return its WebSocket frames, masked, as websockets writes them."""
        size = max(1, -(-len(self.data) // self.cuts))
        pieces = [self.data[i : i + size] for i in range(0, len(self.data), size)] or [b""]
        out = bytearray()
        for index, piece in enumerate(pieces):
            first = Opcode.TEXT if self.text else Opcode.BINARY
            opcode = first if index == 0 else Opcode.CONT
            out += Frame(opcode, piece, index == len(pieces) - 1).serialize(mask=True)
            if self.pings:
                out += Frame(Opcode.PING, b"p").serialize(mask=True)
        return bytes(out)


DATA = st.binary(max_size=MAX_BYTES * 2) | st.text(max_size=MAX_BYTES).map(str.encode)
MESSAGES = st.lists(st.builds(Message, DATA, st.booleans(), st.integers(1, 5), st.booleans()))
CLOSE = st.sampled_from([b"", Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True)])


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut data at some places."""
    marks = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(marks)]


@given(MESSAGES, CLOSE, st.lists(st.integers(0, 10_000), max_size=20))
def test_whole_conversations_in_any_pieces(
    messages: list[Message], close: bytes, places: list[int]
) -> None:
    """What is good comes through up to the first that is not, however it is cut up."""
    texts: list[bytes] = []
    binaries, codes = 0, {1000 if close else None}
    for message in messages:
        if len(message.data) > MAX_BYTES:
            codes = {1009}
            break
        if not message.text:
            binaries += 1
            continue
        try:
            message.data.decode()
        except UnicodeDecodeError:
            # If the client's own close comes in the same piece, it is what is answered.
            codes.add(1007)
            codes.discard(None)
            break
        texts.append(message.data)

    def check() -> None:
        wire = Wire()
        for piece in cut(wire.peer.opening(), places):
            wire.peer.give(piece)
        for piece in cut(b"".join(m.encoded() for m in messages) + close, places):
            wire.peer.give(piece)
        assert wire.session.texts == texts
        assert wire.session.binaries == binaries
        assert wire.peer.close_code in codes
        wire.finish()

    in_loop(check)


@dataclass(frozen=True)
class AnyFrame:
    """A frame, most often one that a client may send."""

    opcode: int
    fin: bool
    reserved: int
    masked: bool
    data: bytes
    longer: int

    def encoded(self) -> bytes:
        """Return its bytes; its length takes `longer` bytes more than it needs to, or 0, 2 or 8."""
        size, mask = len(self.data), b"\1\2\3\4" if self.masked else b""
        extra = max(self.longer, 0 if size < 126 else 2)
        length = {0: size, 2: 126, 8: 127}[extra]
        head = bytes([self.fin << 7 | self.reserved << 4 | self.opcode, self.masked << 7 | length])
        if extra:
            head += size.to_bytes(extra)
        if self.masked:
            return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(self.data))
        return head + self.data


def mostly(usual: object, *others: object) -> st.SearchStrategy[object]:
    """Draw the usual value nine times of ten."""
    return st.sampled_from([usual] * 9 * len(others) + list(others))


TEXTS = st.text(max_size=70).map(str.encode) | st.text(
    "ab", min_size=120, max_size=MAX_BYTES + 5
).map(str.encode)
FRAMES = st.builds(
    AnyFrame,
    st.sampled_from([1] * 20 + [0, 0, 0, 2, 8, 9, 9, 10, 10, 3, 11]),
    mostly(True, False, False),
    mostly(0, 1, 4),
    mostly(True, False),
    TEXTS,
    mostly(0, 2, 8),
)


@settings(max_examples=300)
@given(
    st.lists(FRAMES, max_size=8),
    st.sampled_from(["/ws", "/ws", "/ws", "/elsewhere"]),
    st.binary(max_size=3),
    st.lists(st.integers(0, 10_000), max_size=20),
)
def test_what_goes_past_the_library_is_what_it_would_have_read(
    frames: list[AnyFrame], path: str, rest: bytes, places: list[int]
) -> None:
    """Texts, binaries and every byte of the answer are the same, however the stream is cut up."""

    def check() -> None:
        ours, library = Wire(), Wire(PeerOfLibraryAlone)
        opening = ours.peer.opening(path)
        stream = b"".join(frame.encoded() for frame in frames) + rest
        for piece in cut(opening + stream, places):
            ours.peer.give(piece)
        # Frames that come with the handshake make the library fail before it has answered.
        library.peer.give(opening)
        for piece in cut(stream, places):
            library.peer.give(piece)
        ours.finish()
        library.finish()
        assert ours.session.texts == library.session.texts
        assert ours.session.binaries == library.session.binaries
        assert without_date(ours) == without_date(library)
        assert ours.peer.tcp.closing == library.peer.tcp.closing

    in_loop(check)


def without_date(wire: Wire) -> bytes:
    """Return what was written, but for the header that tells the time."""
    lines = wire.peer.tcp.take().split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.startswith(b"Date:"))


@given(st.lists(st.binary(max_size=200), max_size=10), st.booleans())
def test_random_bytes(pieces: list[bytes], opened: bool) -> None:
    def check() -> None:
        wire = Wire()
        if opened:
            wire.peer.handshake()
        for piece in pieces:
            wire.peer.give(piece)
        wire.finish()

    in_loop(check)


@given(st.data())
def test_a_handshake_with_some_bytes_changed(data: st.DataObject) -> None:
    def check() -> None:
        wire = Wire()
        opening = bytearray(
            wire.peer.opening("/ws?" + data.draw(st.text("a[]/?#%&=@:", max_size=8)))
        )
        for _ in range(data.draw(st.integers(0, 5))):
            opening[data.draw(st.integers(0, len(opening) - 1))] = data.draw(st.integers(0, 255))
        wire.peer.give(bytes(opening), data.draw(st.integers(1, 4)))
        wire.finish()

    in_loop(check)


@given(st.integers(0, 15), st.integers(0, 7), st.booleans(), st.booleans(), st.binary(max_size=130))
def test_any_header(opcode: int, reserved: int, fin: bool, mask: bool, data: bytes) -> None:
    def check() -> None:
        wire = Wire()
        wire.peer.handshake()
        head = bytes([fin << 7 | reserved << 4 | opcode, mask << 7 | min(len(data), 125)])
        wire.peer.give(head + (b"\0\0\0\0" if mask else b"") + data[:125])
        if reserved or not mask or opcode not in (0, 1, 2, 8, 9, 10):
            assert wire.peer.close_code == 1002
        wire.finish()

    in_loop(check)


@pytest.mark.parametrize("length", [126, 127])
@pytest.mark.parametrize("announced", [0, 2**16 - 1, 2**31, 2**63, 2**64 - 1])
async def test_any_announced_length(length: int, announced: int) -> None:
    wire = Wire()
    wire.peer.handshake()
    size = (announced % 2**16).to_bytes(2) if length == 126 else announced.to_bytes(8)
    wire.peer.give(bytes([0x81, 0x80 | length]) + size + b"\0\0\0\0")
    wire.peer.give(b"x" * 1000)
    wire.finish()
