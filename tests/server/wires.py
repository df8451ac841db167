"""A WebSocket without a socket: the node's transport at one end, websockets' client beyond."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from cluster.frames import SUBPROTOCOL
from server.stats import Stats
from server.transport import Session, TransportSettings, WebSocketTransport


class MemoryTcp(asyncio.Transport):
    """What asyncio's socket transport does, as far as a protocol can see; bytes stay here.

    `test_wires.py` holds it to what the real one does.
    """

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 4711)})
        # Told when there is more unsent than `high`; set by `connect`.
        self.protocol: asyncio.Protocol | None = None
        # Written and not yet taken by the peer.
        self.unsent = bytearray()
        self.high = 64 * 1024
        # Whether the protocol asked to be given data.
        self.reading = True
        self.closing = False
        self.aborted = False
        self.eof = False
        self._protocol_paused = False

    def connect(self, protocol: asyncio.Protocol) -> None:
        """Begin to serve a protocol."""
        self.protocol = protocol
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """See `asyncio.WriteTransport`."""
        if self.eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self.closing:
            return
        self.unsent += data
        if len(self.unsent) > self.high and not self._protocol_paused:
            self._protocol_paused = True
            assert self.protocol is not None
            self.protocol.pause_writing()

    def take(self) -> bytes:
        """Let the peer read everything that was written."""
        data = bytes(self.unsent)
        self.unsent.clear()
        if self._protocol_paused:
            self._protocol_paused = False
            assert self.protocol is not None
            self.protocol.resume_writing()
        return data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """See `asyncio.WriteTransport`."""
        self.high = 64 * 1024 if high is None else high

    def can_write_eof(self) -> bool:
        """See `asyncio.WriteTransport`."""
        return True

    def write_eof(self) -> None:
        """See `asyncio.WriteTransport`."""
        self.eof = True

    def pause_reading(self) -> None:
        """See `asyncio.ReadTransport`."""
        self.reading = False

    def resume_reading(self) -> None:
        """See `asyncio.ReadTransport`."""
        self.reading = True

    def is_closing(self) -> bool:
        """See `asyncio.BaseTransport`."""
        return self.closing

    def close(self) -> None:
        """See `asyncio.BaseTransport`."""
        self.closing = True

    def abort(self) -> None:
        """See `asyncio.WriteTransport`."""
        self.closing = self.aborted = True
        self.unsent.clear()


class Peer:
    """The client's end: websockets' own encoder and decoder, driven by hand."""

    # What the node's end is made of.
    transport_type = WebSocketTransport

    def __init__(self, make: Callable[[WebSocketTransport], Session], **settings: Any) -> None:
        chosen: dict[str, Any] = {"path": "/ws", "max_message_bytes": 65536}
        chosen |= {"max_buffer_bytes": 65536} | settings
        self.stats = Stats()
        self.tcp = MemoryTcp()
        self.transport = self.transport_type(TransportSettings(**chosen), self.stats, make)
        self.tcp.connect(self.transport)
        self.client = ClientProtocol(
            parse_uri("ws://127.0.0.1/ws"),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            max_size=None,
        )
        self.response: Response | None = None
        # Frames from the node that nobody has looked at yet.
        self._frames: list[Frame] = []

    def handshake(self, path: str = "/ws", **headers: str) -> Response:
        """Open the WebSocket; return the node's answer."""
        self.give(self.opening(path, **headers))
        self._read()
        assert self.response is not None
        return self.response

    def opening(self, path: str = "/ws", **headers: str) -> bytes:
        """Return the bytes of the opening handshake."""
        request = self.client.connect()
        request.path = path
        for name, value in headers.items():
            request.headers[name] = value
        self.client.send_request(request)
        return b"".join(self.client.data_to_send())

    def give(self, data: bytes, pieces: int = 1) -> None:
        """Hand bytes to the node in so many pieces."""
        size = max(1, -(-len(data) // pieces))
        for start in range(0, len(data), size):
            self.transport.data_received(data[start : start + size])

    def say(self, type: str, **fields: Any) -> None:
        """Send a frame of the protocol."""
        self.text(json.dumps({"type": type, **fields}).encode())

    def text(self, data: bytes) -> None:
        """Send a text message."""
        self.client.send_text(data)
        self.give(b"".join(self.client.data_to_send()))

    def binary(self, data: bytes) -> None:
        """Send a binary message."""
        self.client.send_binary(data)
        self.give(b"".join(self.client.data_to_send()))

    def close(self, code: int) -> None:
        """Begin the closing handshake."""
        self.client.send_close(code)
        self.give(b"".join(self.client.data_to_send()))

    def messages(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Return the frames of the protocol that were not returned yet, up to `limit` of them."""
        self._read()
        texts = [frame for frame in self._frames if frame.opcode is Opcode.TEXT]
        self._frames = [] if limit is None else texts[limit:]
        return [json.loads(bytes(frame.data)) for frame in texts[:limit]]

    def opcodes(self) -> list[Opcode]:
        """Return the kinds of WebSocket frames that came since the last call."""
        self._read()
        kinds = [frame.opcode for frame in self._frames]
        self._frames = []
        return kinds

    @property
    def close_code(self) -> int | None:
        """The code of the node's close frame; None if none came."""
        self._read()
        received = self.client.close_rcvd
        return None if received is None else received.code

    def hang_up(self) -> None:
        """Cut the connection."""
        self.transport.connection_lost(None)

    def _read(self) -> None:
        data = self.tcp.take()
        if data and self.client.state is not State.CLOSED:
            self.client.receive_data(data)
        for event in self.client.events_received():
            if isinstance(event, Response):
                self.response = event
            elif isinstance(event, Frame):
                self._frames.append(event)
