"""The wire: bytes between pika's connection and the socket, over a transport of asyncio.

pika can open sockets itself, but an attempt that is given up during AMQP's handshake ends there in
an AssertionError and a connection that never reports its end; it also reads 4 KiB at a time, and
makes three packets of each publish. It may not look into the bytes, but lets its owner do so first.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from pika.adapters.asyncio_connection import AsyncioConnection


class Wire(asyncio.Protocol):
    """Both what asyncio calls a protocol and what pika calls a transport."""

    def __init__(self, make: Callable[[], AsyncioConnection]) -> None:
        """Prepare.

        Args:
            make: makes pika's connection, which does not connect by itself, once there is a socket.
        """
        self._make = make
        self._loop = asyncio.get_running_loop()
        # pika's connection; None before there is a socket.
        self.connection: Any = None
        # What asyncio gave; None before there is a socket.
        self._transport: asyncio.Transport | None = None
        # Takes what it knows at the beginning of what comes in and returns how many bytes that was:
        # the rest is pika's. None as long as all of it is; set by the owner.
        self.take_first: Callable[[bytes], int] | None = None
        # What goes out at the end of this turn of the loop, and its size.
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        # Why this side cut the connection; None if it did not, or at pika's wish.
        self._error: Exception | None = None

    @property
    def buffered_bytes(self) -> int:
        """How much waits in this process for the socket."""
        transport = self._transport
        return self._waiting_bytes + (transport.get_write_buffer_size() if transport else 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let pika begin its handshake."""
        # uvloop's transports are none of asyncio's classes, but have their methods.
        self._transport = cast("asyncio.Transport", transport)
        self.connection = self._make()
        self.connection._proto_connection_made(self)

    def data_received(self, data: bytes) -> None:
        """Hand bytes over; those that pika cannot understand end the connection."""
        try:
            rest = self._take_first(data)
            if rest:
                self.connection._proto_data_received(rest)
        except Exception as exc:
            self._error = exc
            self.abort()

    def eof_received(self) -> bool:
        """Close the socket when the broker has closed its side."""
        return bool(self.connection._proto_eof_received())

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell pika, which tells whoever asked it."""
        self.connection._proto_connection_lost(self._error or exc)

    def write(self, data: bytes) -> None:
        """Take bytes from pika; what is written in one turn of the loop goes out together."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)
        self._waiting_bytes += len(data)

    def abort(self) -> None:
        """Drop the socket with all that waits for it."""
        if self._transport is not None:
            self._transport.abort()

    def _take_first(self, data: bytes) -> bytes:
        """Return what is left for pika."""
        # A frame that pika has a part of is pika's. So is the rest of a delivery that pika has
        # begun, since that does not begin as a delivery does.
        if self.take_first is None or self.connection._frame_buffer:
            return data
        taken = self.take_first(data)
        # By this pika sees that the broker is alive.
        self.connection.bytes_received += taken
        return data[taken:]

    def _flush(self) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(waiting))
