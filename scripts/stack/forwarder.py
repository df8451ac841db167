"""A TCP forwarder in front of a service, with which tests and chaos make the network fail.

It runs on a thread of its own, so that it goes on while its user's loop is busy. What it can do:

delay     -- every piece of data arrives so many seconds later, in order
cut       -- all connections are reset at once; new ones are taken
refuse    -- new connections are refused; those that exist go on
blackhole -- connections are taken, but nothing passes; after healing, what waited goes on,
             as with TCP's own retransmission
drop      -- what is sent in one direction is thrown away for good: a lost reply
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Literal, TypeVar

from scripts.stack.instance import HOST
from scripts.stack.ports import free_port

T = TypeVar("T")
Direction = Literal["to_target", "from_target"]

_CHUNK_BYTES = 65536
_CALL_WITHIN = 10.0


class Forwarder:
    """One listening port that leads to one target. Its methods return when they are in effect."""

    def __init__(self, host: str, port: int) -> None:
        """Lead to HOST, PORT from a port of this machine."""
        self.target = (host, port)
        # One that nobody else gets while connections to it are refused.
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="forwarder")
        self._server: asyncio.Server | None = None
        # One task for each connection, set by `_serve`; writers of both its ends.
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        # The present faults, set by the methods of the same name.
        self._delay = 0.0
        self._dropped: set[Direction] = set()
        # Bytes that `drop` has thrown away so far.
        self.lost_bytes = 0
        self._open = asyncio.Event()
        self._open.set()
        self._thread.start()
        self._run(self._listen())

    @property
    def address(self) -> str:
        """HOST:PORT for clients."""
        return f"{HOST}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections pass through it now."""
        return len(self._tasks)

    def delay(self, seconds: float) -> None:
        """Let every piece of data arrive `seconds` later from now on."""
        self._delay = seconds

    def cut(self) -> None:
        """Reset all connections; the next ones are taken."""
        self._run(self._cut())

    def refuse(self) -> None:
        """Refuse new connections. Idempotent."""
        self._run(self._close_listener())

    def blackhole(self) -> None:
        """Take connections and let nothing pass, in either direction."""
        self._run(self._hold())

    def drop(self, direction: Direction) -> None:
        """Throw away what is sent in this direction from now on."""
        self._dropped.add(direction)

    def heal(self) -> None:
        """Undo every fault. Connections that were cut, or lost data, stay as they are."""
        self._delay = 0.0
        self._dropped.clear()
        self._loop.call_soon_threadsafe(self._open.set)
        self._run(self._listen())

    def close(self) -> None:
        """Reset everything and end the thread."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_WITHIN)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def _close_listener(self) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        for listening in server.sockets:
            self._loop.remove_reader(listening)
        # What it has just accepted joins it in the next step of the loop. Were it closed by then,
        # asyncio would forget the connection and leave it open.
        await asyncio.sleep(0)
        server.close()

    async def _hold(self) -> None:
        self._open.clear()

    async def _cut(self) -> None:
        for writer in self._writers:
            _reset(writer)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self) -> None:
        await self._close_listener()
        # What was accepted just before becomes a connection a few steps of the loop later.
        while len(asyncio.all_tasks()) > 1:
            await self._cut()
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            # The only one who cancels is `_cut`, and a callback's task must not end cancelled.
            pass
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            _reset(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect to the target and copy both ways until one side resets or both have ended."""
        await self._open.wait()
        target_reader, target_writer = await asyncio.open_connection(*self.target)
        self._writers.add(target_writer)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._copy(reader, target_writer, "to_target"))
                group.create_task(self._copy(target_reader, writer, "from_target"))
        except* OSError:
            pass
        finally:
            self._writers.discard(target_writer)
            _reset(target_writer)

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        """Copy one direction; reading goes on while earlier data wait out their delay."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write(waiting, writer, direction))
            while True:
                data = await reader.read(_CHUNK_BYTES)
                await waiting.put((self._loop.time() + self._delay, data))
                if not data:
                    break

    async def _write(
        self,
        waiting: asyncio.Queue[tuple[float, bytes]],
        writer: asyncio.StreamWriter,
        direction: Direction,
    ) -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            await self._open.wait()
            if not data:
                break
            if direction in self._dropped:
                self.lost_bytes += len(data)
                continue
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset where the other side hasn't seen an end yet. Idempotent."""
    if writer.transport.is_closing():
        return
    # Lingering for zero seconds turns close() into a reset (socket(7), SO_LINGER).
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
