"""The stand-in for a socket does what asyncio's own does, where the node relies on it."""

from __future__ import annotations

import asyncio
import socket

from tests.server.wires import MemoryTcp


class Watcher(asyncio.Protocol):
    """Notes what a transport tells its protocol about writing."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self.seen.append("pause")

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self.seen.append("resume")


def overfill(transport: asyncio.WriteTransport, watcher: Watcher) -> None:
    """Write far more than fits, in two pieces: the protocol is told at once, and once."""
    transport.set_write_buffer_limits(high=1000)
    transport.write(b"x" * 8_000_000)
    transport.write(b"x" * 1000)
    assert watcher.seen == ["pause"]


async def test_both_tell_of_a_full_buffer_within_the_write() -> None:
    near, far = socket.socketpair()
    near.setblocking(False)
    loop = asyncio.get_running_loop()
    with far:
        real, watcher = await loop.create_connection(Watcher, sock=near)
        overfill(real, watcher)
        real.abort()
        real.write(b"dropped")
        assert real.is_closing()

    fake, told = MemoryTcp(), Watcher()
    fake.connect(told)
    overfill(fake, told)
    fake.take()
    assert told.seen == ["pause", "resume"]
    fake.abort()
    fake.write(b"dropped")
    assert fake.is_closing()
    assert not fake.unsent
