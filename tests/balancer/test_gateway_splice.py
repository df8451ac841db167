"""Two connections made one: what goes in at one end comes out at the other, on both event loops."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from balancer import gateway_splice
from balancer.gateway_splice import Splice
from tests.services import eventually

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Give what runs a test's body on each of the event loops."""
    return asyncio.run if request.param == "asyncio" else uvloop.run


class Ends:
    """A splice, and the two programs that talk through it."""

    def __init__(self, client: asyncio.StreamReader, node: asyncio.StreamReader) -> None:
        self.client = client
        self.node = node
        self.to_client: asyncio.StreamWriter
        self.to_node: asyncio.StreamWriter
        self.splice: Splice
        # How often it was said that both are gone.
        self.ended = 0

    def end(self, _splice: Splice) -> None:
        self.ended += 1


async def _pair() -> tuple[asyncio.Transport, asyncio.StreamReader, asyncio.StreamWriter]:
    """Return one end as a transport that is not read, and the other as streams."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        there = socket.create_connection(listener.getsockname())
        here, _ = listener.accept()
    for each in (here, there):
        each.setblocking(False)
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=here)
    transport.pause_reading()
    reader, writer = await asyncio.open_connection(sock=there)
    return transport, reader, writer


@asynccontextmanager
async def spliced(
    patience: float = 60.0, to_client: bytes = b"", to_node: bytes = b""
) -> AsyncIterator[Ends]:
    client, client_reader, client_writer = await _pair()
    node, node_reader, node_writer = await _pair()
    ends = Ends(client_reader, node_reader)
    # What the client writes goes to the node.
    ends.to_node, ends.to_client = client_writer, node_writer
    ends.splice = Splice(client, node, patience=patience, ended=ends.end)
    ends.splice.begin(to_client, to_node)
    try:
        yield ends
    finally:
        for writer in (client_writer, node_writer):
            writer.transport.abort()
        await eventually(lambda: ends.ended == 1)


async def read(reader: asyncio.StreamReader, count: int) -> bytes:
    return await asyncio.wait_for(reader.readexactly(count), 20)


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the end; nothing if the connection is cut."""
    try:
        return await asyncio.wait_for(reader.read(-1), 20)
    except ConnectionResetError:
        return b""


def test_bytes_pass_both_ways_those_that_were_read_too_far_first(run: Run) -> None:
    async def body() -> None:
        async with spliced(to_client=b"101 ", to_node=b"early ") as ends:
            ends.to_node.write(b"ping")
            ends.to_client.write(b"pong")
            assert await read(ends.node, 10) == b"early ping"
            assert await read(ends.client, 8) == b"101 pong"

    run(body())


def test_megabytes_pass_whole(run: Run) -> None:
    data = os.urandom(5_000_000)

    async def body() -> None:
        async with spliced() as ends:
            ends.to_client.write(data)
            ends.to_node.write(data[::-1])
            there, here = await asyncio.gather(
                read(ends.client, len(data)), read(ends.node, len(data))
            )
            assert there == data
            assert here == data[::-1]

    run(body())


def test_who_reads_slowly_holds_the_other_up_and_no_memory_is_taken(run: Run) -> None:
    async def body() -> None:
        async with spliced() as ends:
            ends.to_client.write(b"x" * 50_000_000)
            ends.client._transport.pause_reading()  # type: ignore[attr-defined]
            held = await _settled(lambda: ends.to_client.transport.get_write_buffer_size())
            # What is not held here is in the kernel's buffers, and those of the splice.
            assert held > 25_000_000
            gateway = ends.splice._client.tcp.get_write_buffer_size()
            assert gateway < 1_000_000
            # The other way is open.
            ends.to_node.write(b"up")
            assert await read(ends.node, 2) == b"up"
            ends.client._transport.resume_reading()  # type: ignore[attr-defined]
            assert len(await read(ends.client, 50_000_000)) == 50_000_000

    run(body())


async def _settled(measure: Callable[[], int]) -> int:
    """Return what is measured when it has not changed for a while."""
    seen = [-1] * 20

    def same() -> bool:
        seen.append(measure())
        return len(set(seen[-20:])) == 1 and seen[-1] > 0

    await eventually(same, within=20)
    return seen[-1]


def test_an_end_that_has_said_all_still_hears(run: Run) -> None:
    async def body() -> None:
        async with spliced() as ends:
            ends.to_node.write(b"last words")
            ends.to_node.write_eof()
            assert await rest(ends.node) == b"last words"
            ends.to_client.write(b"the answer")
            assert await read(ends.client, 10) == b"the answer"
            ends.to_client.close()
            assert await rest(ends.client) == b""
            await eventually(lambda: ends.ended == 1)

    run(body())


def test_a_node_that_comes_to_no_end_is_not_waited_for(run: Run) -> None:
    async def body() -> None:
        async with spliced(patience=0.3) as ends:
            ends.to_node.write_eof()
            assert await rest(ends.node) == b""
            # Nothing more comes of it: it is stopped, or its machine is away.
            assert await rest(ends.client) == b""
            await eventually(lambda: ends.ended == 1)

    run(body())


def test_the_system_asks_both_ends_whether_they_are_still_there(run: Run) -> None:
    async def body() -> None:
        async with spliced() as ends:
            for end in (ends.splice._client, ends.splice._node):
                raw = end.tcp.get_extra_info("socket")
                assert raw.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1

    run(body())


def test_when_the_node_has_said_all_it_ends(run: Run) -> None:
    async def body() -> None:
        async with spliced() as ends:
            ends.to_client.write(b"bye")
            ends.to_client.write_eof()
            assert await rest(ends.client) == b"bye"
            await eventually(lambda: ends.ended == 1)

    run(body())


@pytest.mark.parametrize("first", ["client", "node"])
@pytest.mark.parametrize("how", ["close", "abort"])
def test_when_one_is_gone_so_is_the_other(run: Run, first: str, how: str) -> None:
    async def body() -> None:
        async with spliced() as ends:
            gone, other = (
                (ends.to_node, ends.node) if first == "client" else (ends.to_client, ends.client)
            )
            gone.write(b"bye")
            assert await read(other, 3) == b"bye"
            if how == "abort":
                # With a RST, as a process that was killed with unread data leaves behind.
                raw = gone.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                gone.transport.abort()
            else:
                gone.close()
            assert await rest(other) == b""
            if (first, how) == ("client", "close"):
                # All that is known is that it says no more: the node may have more to say.
                ends.to_client.close()
            await eventually(lambda: ends.ended == 1)

    run(body())


def test_a_client_that_takes_nothing_for_too_long_is_cut_and_the_node_with_it(run: Run) -> None:
    async def body() -> None:
        async with spliced(patience=0.3) as ends:
            ends.client._transport.pause_reading()  # type: ignore[attr-defined]
            ends.to_client.write(b"x" * 50_000_000)
            assert await rest(ends.node) == b""
            await eventually(lambda: ends.ended == 1)

    run(body())


def test_a_client_that_reads_again_in_time_is_not_cut(run: Run) -> None:
    async def body() -> None:
        async with spliced(patience=60.0) as ends:
            ends.client._transport.pause_reading()  # type: ignore[attr-defined]
            ends.to_client.write(b"x" * 20_000_000)
            await eventually(lambda: ends.splice._client._timer is not None)
            ends.client._transport.resume_reading()  # type: ignore[attr-defined]
            assert len(await read(ends.client, 20_000_000)) == 20_000_000
            await eventually(lambda: ends.splice._client._timer is None)

    run(body())


def test_what_is_on_its_way_arrives_before_it_is_closed(run: Run) -> None:
    async def body() -> None:
        async with spliced() as ends:
            ends.to_client.write(b"x" * 1_000_000)
            await ends.to_client.drain()
            ends.to_client.close()
            assert len(await rest(ends.client)) == 1_000_000
            ends.splice.close()
            await eventually(lambda: ends.ended == 1)

    run(body())


def test_who_does_not_take_the_rest_is_not_waited_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_splice, "CLOSE_WITHIN", 0.2)

    async def body() -> None:
        async with spliced() as ends:
            ends.client._transport.pause_reading()  # type: ignore[attr-defined]
            ends.to_client.write(b"x" * 50_000_000)
            await eventually(lambda: ends.splice._client._timer is not None)
            ends.splice.close()
            await eventually(lambda: ends.ended == 1)

    run(body())
