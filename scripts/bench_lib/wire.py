"""WebSocket frames as a client writes and reads them: just enough for a load generator. Pure.

Every frame that a node sends is whole (RFC 6455, section 5.4: nobody has to fragment) and not
masked (section 5.1).
"""

from __future__ import annotations

import base64
import os
from struct import Struct

# Not exported in so many words, but here it is the one in C wherever that could be built.
from websockets.frames import apply_mask  # type: ignore[attr-defined]

from cluster.frames import SUBPROTOCOL

_TEXT = 0x81  # FIN and opcode 1
_PING = 0x89
_PONG = 0x8A
_CLOSE = 0x88
_MASKED = 0x80
_MEDIUM = Struct("!BBH")


def upgrade_request(authority: str, path: str) -> bytes:
    """Return the opening handshake of a client (RFC 6455, section 4.1)."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    ).encode()


def text_frame(payload: bytes, mask: bytes) -> bytes:
    """Return a masked text frame of less than 64 KiB; `mask` are four bytes."""
    return _client_frame(_TEXT, payload, mask)


def pong_frame(payload: bytes, mask: bytes) -> bytes:
    """Return the answer to a ping."""
    return _client_frame(_PONG, payload, mask)


def close_frame(code: int, mask: bytes) -> bytes:
    """Return the beginning of the closing handshake."""
    return _client_frame(_CLOSE, code.to_bytes(2, "big"), mask)


def _client_frame(head: int, payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return b"%c%c%b%b" % (head, _MASKED | size, mask, apply_mask(payload, mask))
    start = _MEDIUM.pack(head, _MASKED | 126, size)
    return b"%b%b%b" % (start, mask, apply_mask(payload, mask))


class FrameReader:
    """Cuts the bytes that a node sends into frames."""

    __slots__ = ("_rest", "closed", "pings")

    def __init__(self) -> None:
        # The beginning of a frame whose end has not come yet.
        self._rest = b""
        # Payloads of pings that nobody has taken yet; who answers them empties the list.
        self.pings: list[bytes] = []
        # The payload of the node's close frame; None before it.
        self.closed: bytes | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes in; return the text messages that are complete now."""
        if self._rest:
            data = self._rest + data
        texts = []
        start, end = 0, len(data)
        while end - start >= 2:
            size = data[start + 1]
            begin = start + 2
            if size == 126:
                size = int.from_bytes(data[begin : begin + 2], "big")
                begin += 2
            elif size == 127:
                size = int.from_bytes(data[begin : begin + 8], "big")
                begin += 8
            # A size of which a byte is missing puts `begin` behind the end as well.
            stop = begin + size
            if begin > end or stop > end:
                break
            if data[start] == _TEXT:
                texts.append(data[begin:stop])
            else:
                self._control(data[start], data[begin:stop])
            start = stop
        self._rest = data[start:]
        return texts

    def _control(self, head: int, payload: bytes) -> None:
        if head == _PING:
            self.pings.append(payload)
        elif head == _CLOSE:
            self.closed = payload
