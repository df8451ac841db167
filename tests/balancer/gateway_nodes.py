"""Nodes as a gateway meets them: they answer one request as they are told, and echo then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.balancer.nodes import node
from tests.services import free_port

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class FakeNode:
    """One of them."""

    def __init__(self, name: str, answer: bytes = SWITCHING) -> None:
        self.port = free_port()
        self.record = node(name, port=self.port)
        # What it answers; nothing at all if this is empty.
        self.answer = answer
        # The heads of the requests that came.
        self.heads: list[bytes] = []
        # The open connections.
        self.open: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeNode]:
        """Listen as long as the context lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """Let all connections die."""
        for writer in self.open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            while self.answer in (SWITCHING, b"") and (data := await reader.read(65536)):
                if self.answer:
                    writer.write(b"%s:%s" % (self.record.node_id.encode(), data))
        self.open.discard(writer)
        writer.close()
