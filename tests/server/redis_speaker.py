"""A server that speaks Redis's protocol and answers each command as a test wants it.

For what a real Redis cannot be made to say; what it does say is tested in `tests/integration/`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import hiredis

Command = tuple[bytes, ...]
# Returns the bytes of the reply; None for no answer at all.
Answer = Callable[[Command], bytes | None]


def bulk(data: bytes) -> bytes:
    """Write a reply of any bytes."""
    return b"$%d\r\n%b\r\n" % (len(data), data)


def well_behaved(command: Command) -> bytes | None:
    """Answer what a stream asks while it connects, and `+OK` to all else."""
    if command[:2] == (b"CLIENT", b"INFO"):
        return bulk(b"id=7 addr=127.0.0.1:99\n")
    if command == (b"PING",):
        return b"+PONG\r\n"
    return b"+OK\r\n"


class _Conversation(asyncio.Protocol):
    def __init__(self, speaker: "RedisSpeaker") -> None:
        self._speaker = speaker
        self._reader = hiredis.Reader(notEnoughData=None)
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self.transport = cast(asyncio.Transport, transport)
        self._speaker.conversations.append(self)

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        self._speaker.reads += 1
        self._reader.feed(data)
        while (words := self._reader.gets()) is not None:
            command = tuple(words)
            self._speaker.commands.append(command)
            reply = self._speaker.answer(command)
            if reply is not None:
                self.transport.write(reply)


class RedisSpeaker:
    """The server; made by `speaking`."""

    def __init__(self, answer: Answer) -> None:
        # May be replaced at any time.
        self.answer = answer
        # All commands of all connections, in the order of arrival.
        self.commands: list[Command] = []
        # How many pieces the data arrived in.
        self.reads = 0
        self.conversations: list[_Conversation] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def drop(self) -> None:
        """Reset all connections."""
        for conversation in self.conversations:
            if conversation.transport is not None:
                conversation.transport.abort()
        self.conversations.clear()

    def heard(self, *words: bytes) -> int:
        """Count the commands that begin with these words."""
        return sum(command[: len(words)] == words for command in self.commands)


@asynccontextmanager
async def speaking(
    answer: Answer = well_behaved, path: Path | None = None
) -> AsyncIterator[RedisSpeaker]:
    """Give a server that listens on a port of its own, or on a Unix socket at `path`."""
    loop, speaker = asyncio.get_running_loop(), RedisSpeaker(answer)
    if path is None:
        server = await loop.create_server(lambda: _Conversation(speaker), "127.0.0.1", 0)
        speaker.port = server.sockets[0].getsockname()[1]
    else:
        server = await loop.create_unix_server(lambda: _Conversation(speaker), str(path))
    try:
        yield speaker
    finally:
        server.close()
        speaker.drop()
        await server.wait_closed()
