"""The two conversations with a server, real ones and those that it may break off."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from cluster.address import parse_host_port
from server.doctor.zookeeper_words import Granted, ask_srvr, shake_hands
from tests.services import ZooKeeper, free_port

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def test_srvr_tells_version_and_mode(zookeeper: ZooKeeper) -> None:
    answer = await ask_srvr(*parse_host_port(zookeeper.hosts))
    assert "Zookeeper version: " in answer
    assert "\nMode: " in answer


async def test_the_handshake_tells_the_timeout_within_the_servers_bounds(
    zookeeper: ZooKeeper,
) -> None:
    host, port = parse_host_port(zookeeper.hosts)
    async with asyncio.timeout(60):
        # It returns when the server has hung up, which it does at the end of the session.
        assert await shake_hands(host, port, 6.0) == Granted(6.0, read_only=False)
        least, most = await shake_hands(host, port, 0.001), await shake_hands(host, port, 86400.0)
    assert least is not None
    assert most is not None
    assert 0.001 < least.timeout <= 6.0 <= most.timeout < 86400.0


async def test_a_server_that_is_not_there_is_an_error() -> None:
    port = free_port()
    with pytest.raises(OSError, match=r"refused|Connect"):
        await ask_srvr("127.0.0.1", port)
    with pytest.raises(OSError, match=r"refused|Connect"):
        await shake_hands("127.0.0.1", port, 6.0)


@asynccontextmanager
async def serving(reply: bytes) -> AsyncIterator[int]:
    """Give the port of a server that answers everyone with the same bytes and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def reply(*, read_only: bool) -> bytes:
    """Return ConnectResponse as ZooKeeper 3.8 writes it."""
    body = struct.pack(">iiqi16s?", 0, 6000, 1, 16, bytes(16), read_only)
    return struct.pack(">i", len(body)) + body


@pytest.mark.parametrize("read_only", [True, False])
async def test_a_server_that_takes_no_writes_says_so(read_only: bool) -> None:
    async with serving(reply(read_only=read_only)) as port:
        assert await shake_hands("127.0.0.1", port, 6.0) == Granted(6.0, read_only)


@pytest.mark.parametrize("answer", [b"", b"\x00", reply(read_only=True)[:20], b"HTTP/1.1 400 no"])
async def test_what_is_no_answer_is_none(answer: bytes) -> None:
    async with serving(answer) as port:
        assert await shake_hands("127.0.0.1", port, 6.0) is None
