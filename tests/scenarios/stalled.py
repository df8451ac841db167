"""A client that stops reading, on a socket that takes as little as a socket can."""

import asyncio
import base64
import json
import os
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode

from cluster.frames import SUBPROTOCOL
from tests.scenarios.wire_client import Frame

# What the kernel may keep for it: the least it allows. On the loopback interface segments of the
# usual size would let the sender's side keep megabytes.
_RECEIVE_BYTES = 4096
_SEGMENT_BYTES = 1024
# Seconds for one step of connecting.
_WITHIN = 20.0


class StalledClient:
    """Connects, waits for `connected`, and reads nothing more before `read_until`."""

    def __init__(self, url: str, user: str) -> None:
        self.user = user
        self._address = urlsplit(url)
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT_BYTES)

    async def connect(self, **more: object) -> None:
        """Connect; `more` are further fields of the `connect` frame."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_WITHIN):
            host, port = self._address.hostname or "", self._address.port or 0
            await loop.sock_connect(self._socket, (host, port))
            await loop.sock_sendall(self._socket, self._handshake())
            assert (await self._read_until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            frame = {"type": "connect", "user": self.user, **more}
            await self.say(frame)
            assert b'"connected"' in await self._read_until(b"}")

    async def say(self, frame: object) -> None:
        """Write a frame."""
        data = WebSocketFrame(Opcode.TEXT, json.dumps(frame).encode()).serialize(mask=True)
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def read_until(self, matches: Callable[[Frame], bool]) -> list[Frame]:
        """Read on; return the frames that come, the first that matches the last of them."""
        found: list[Frame] = []
        data = b""
        async with asyncio.timeout(_WITHIN):
            while True:
                piece = await self._receive()
                assert piece, f"the node closed after {found[-3:]}"
                frames, data = split_frames(data + piece)
                for frame in frames:
                    found.append(frame)
                    if matches(frame):
                        return found

    def close(self) -> None:
        """Close the socket. Idempotent."""
        self._socket.close()

    def _handshake(self) -> bytes:
        lines = (
            f"GET {self._address.path} HTTP/1.1",
            f"Host: {self._address.netloc}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
        )
        return "\r\n".join((*lines, "", "")).encode()

    async def _read_until(self, end: bytes) -> bytes:
        data = b""
        while not data.endswith(end):
            piece = await self._receive()
            assert piece, f"the node closed after {data!r}"
            data += piece
        return data

    async def _receive(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self._socket, 65536)


def split_frames(data: bytes) -> tuple[list[Frame], bytes]:
    """Return the frames of the text messages in what a node wrote, and what is left over.

    A node masks nothing and fragments nothing (RFC 6455, section 5.2).
    """
    found = []
    while len(data) >= 2:
        length, start = data[1], 2
        if length >= 126:
            start += 2 if length == 126 else 8
            length = int.from_bytes(data[2:start], "big")
        if len(data) < start or len(data) < start + length:
            break
        if data[0] & 0x0F == Opcode.TEXT:
            found.append(json.loads(data[start : start + length]))
        data = data[start + length :]
    return found, data
