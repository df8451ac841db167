"""A user's connection to a node, as lean as Python allows: no task, no queue, no JSON objects.

It speaks the protocol of docs/protocol.md as the SDK does, and only what the benchmarks need.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import cast

import msgspec

from cluster.frames import DEFAULT_PATH
from scripts.bench_lib.wire import (
    FrameReader,
    close_frame,
    pong_frame,
    text_frame,
    upgrade_request,
)
from scripts.stack.errors import StackError

Hear = Callable[[list[bytes], float], None]
"""Is handed the text messages of one read, and the time at which they came."""


Address = tuple[str, int]


class Refused(StackError):
    """A node did not accept a connection; says what it said."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"a node does not accept {reason}", "see its log")


class Connection(asyncio.Protocol):
    """One user on one node."""

    __slots__ = (
        "_closing",
        "_head",
        "_mask",
        "_reader",
        "_tcp",
        "ended",
        "hear",
        "lost",
        "pings",
        "user",
        "welcome",
    )

    def __init__(self, user: str, hear: Hear | None = None) -> None:
        """Describe it; `open_connection` connects it.

        Args:
            user: the name to connect under.
            hear: what becomes of messages behind the `connected` frame; None to drop them.
        """
        self.user = user
        self._mask = os.urandom(4)
        self._reader = FrameReader()
        # The socket; None before it is connected.
        self._tcp: asyncio.Transport | None = None
        # What has come of the answer to the handshake; None once it is accepted.
        self._head: bytes | None = b""
        # What becomes of messages; may be set at any time.
        self.hear: Hear = hear or _drop
        # Resolves with the `connected` frame, or fails with `Refused`.
        self.welcome: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        # Why the connection has ended; None while it is open, or was ended from here.
        self.lost: str | None = None
        # How many pings have been answered.
        self.pings = 0
        # Whether the connection is gone.
        self.ended = False
        # It was ended from here.
        self._closing = False

    def send(self, payloads: list[bytes]) -> None:
        """Write frames of JSON in one go."""
        mask = self._mask
        if len(payloads) == 1:
            self._write(text_frame(payloads[0], mask))
        else:
            self._write(b"".join([text_frame(payload, mask) for payload in payloads]))

    def close(self) -> None:
        """Close it, without waiting for the node's answer."""
        self._closing = True
        if self._tcp is not None and not self._tcp.is_closing():
            self._write(close_frame(1000, self._mask))
            self._tcp.close()

    def abort(self) -> None:
        """Cut it: the node is told nothing."""
        self._closing = True
        if self._tcp is not None:
            self._tcp.abort()

    @property
    def source(self) -> str:
        """The address of this machine that it comes from; it has to be connected."""
        assert self._tcp is not None
        host: str = self._tcp.get_extra_info("sockname")[0]
        return host

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        # Not checked by isinstance: uvloop's transports do not derive from asyncio's.
        self._tcp = cast(asyncio.Transport, transport)
        peer = self._tcp.get_extra_info("peername")
        self._write(upgrade_request(f"{peer[0]}:{peer[1]}", DEFAULT_PATH))

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        now = time.perf_counter()
        if self._head is not None:
            data = self._handshake(data)
        texts = self._reader.feed(data)
        if self._reader.pings:
            self._answer_pings()
        if self._reader.closed is not None and self._tcp is not None:
            # RFC 6455, section 5.5.1: whoever gets a close answers it.
            self._write(close_frame(1000, self._mask))
            self._tcp.close()
        if texts and not self.welcome.done():
            self._first(texts.pop(0))
        if texts:
            self.hear(texts, now)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self.ended = True
        if self._closing:
            return
        said = self._reader.closed
        code = "without a word" if said is None else f"with {said[:2].hex()} {said[2:]!r}"
        self._fail(f"{self.user}: closed {code}" + (f" ({exc})" if exc else ""))

    def _write(self, data: bytes) -> None:
        if self._tcp is not None:
            self._tcp.write(data)

    def _handshake(self, data: bytes) -> bytes:
        """Take the answer to the handshake in; return what stands behind it."""
        assert self._head is not None
        self._head += data
        head, found, rest = self._head.partition(b"\r\n\r\n")
        if not found:
            return b""
        self._head = None
        if b" 101 " not in head.partition(b"\r\n")[0]:
            self._fail(f"{self.user}: {head[:100]!r}")
            self.abort()
            return b""
        self.send([msgspec.json.encode({"type": "connect", "user": self.user})])
        return rest

    def _first(self, text: bytes) -> None:
        if text.startswith(b'{"type":"connected"'):
            self.welcome.set_result(text)
        else:
            self._fail(f"{self.user}: {text.decode()}")

    def _answer_pings(self) -> None:
        for payload in self._reader.pings:
            self._write(pong_frame(payload, self._mask))
            self.pings += 1
        self._reader.pings.clear()

    def _fail(self, reason: str) -> None:
        self.lost = self.lost or reason
        if not self.welcome.done():
            self.welcome.set_exception(Refused(reason))


def _drop(_texts: list[bytes], _now: float) -> None:
    """Ignore messages."""


async def open_connection(
    connection: Connection, address: Address, source: str | None = None
) -> bytes:
    """Connect to a node; return its `connected` frame.

    Args:
        connection: a new one.
        address: host and port of the node.
        source: the address of this machine to connect from; None to let the kernel choose.

    Raises:
        Refused: the node does not accept it, or can't be reached.
    """
    loop = asyncio.get_running_loop()
    local = None if source is None else (source, 0)
    try:
        await loop.create_connection(lambda: connection, *address, local_addr=local)
    except OSError as exc:
        raise Refused(f"{connection.user} ({exc})") from exc
    return await connection.welcome
