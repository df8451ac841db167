"""The forwarder forwards, and each of its faults is the fault it is called."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable

import pytest

from scripts.stack.ports import LASTING
from tests.services import Forwarder, eventually
from tests.services.stalls import quicker_than

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def echo_port() -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionResetError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


@pytest.fixture
def middle(forwarder: Callable[[str, int], Forwarder], echo_port: int) -> Forwarder:
    return forwarder("127.0.0.1", echo_port)


@pytest.fixture
async def stream(middle: Forwarder) -> AsyncIterator[Stream]:
    reader, writer = await asyncio.open_connection("127.0.0.1", middle.port)
    yield reader, writer
    writer.transport.abort()


async def _echo(stream: Stream, data: bytes) -> bytes:
    reader, writer = stream
    writer.write(data)
    return await asyncio.wait_for(reader.readexactly(len(data)), 5)


async def _nothing_comes(stream: Stream, data: bytes) -> bool:
    try:
        stream[1].write(data)
        await asyncio.wait_for(stream[0].readexactly(len(data)), 0.2)
    except TimeoutError:
        return True
    return False


async def test_forwards_both_ways(stream: Stream) -> None:
    assert await _echo(stream, b"x" * 300_000) == b"x" * 300_000


async def test_passes_the_end_on(stream: Stream, middle: Forwarder) -> None:
    assert await _echo(stream, b"last") == b"last"
    stream[1].write_eof()
    assert await asyncio.wait_for(stream[0].read(), 5) == b""
    assert await eventually(lambda: middle.connections == 0)


async def test_delays_both_ways_but_keeps_the_rate(stream: Stream, middle: Forwarder) -> None:
    middle.delay(0.1)
    began = time.monotonic()
    async with quicker_than(2):
        assert await _echo(stream, b"x" * 1_000_000) == b"x" * 1_000_000
    assert time.monotonic() - began >= 0.2


async def test_a_cut_resets_and_takes_the_next(stream: Stream, middle: Forwarder) -> None:
    await _echo(stream, b"a")
    middle.cut()
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(stream[0].read(1), 5)
    again = await asyncio.open_connection("127.0.0.1", middle.port)
    assert await _echo(again, b"b") == b"b"
    again[1].transport.abort()


async def test_refuses_new_ones_only(stream: Stream, middle: Forwarder) -> None:
    await _echo(stream, b"a")
    middle.refuse()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", middle.port)
    assert await _echo(stream, b"b") == b"b"
    middle.heal()
    again = await asyncio.open_connection("127.0.0.1", middle.port)
    assert await _echo(again, b"c") == b"c"
    again[1].transport.abort()


async def test_a_blackhole_holds_everything_until_healed(stream: Stream, middle: Forwarder) -> None:
    await _echo(stream, b"a")
    middle.blackhole()
    assert await _nothing_comes(stream, b"held")
    newer = await asyncio.open_connection("127.0.0.1", middle.port)
    assert await _nothing_comes(newer, b"held")
    middle.heal()
    assert await asyncio.wait_for(stream[0].readexactly(4), 5) == b"held"
    assert await asyncio.wait_for(newer[0].readexactly(4), 5) == b"held"
    newer[1].transport.abort()


async def test_what_is_dropped_stays_lost(stream: Stream, middle: Forwarder) -> None:
    await _echo(stream, b"a")
    middle.drop("from_target")
    assert await _nothing_comes(stream, b"lost")
    await eventually(lambda: middle.lost_bytes == 4)
    middle.heal()
    assert await _echo(stream, b"next") == b"next"


async def test_whoever_comes_at_its_end_is_reset_too(echo_port: int) -> None:
    for _ in range(20):
        middle = Forwarder("127.0.0.1", echo_port)
        clients = [socket.create_connection(("127.0.0.1", middle.port), 5) for _ in range(10)]
        await asyncio.to_thread(middle.close)
        for client in clients:
            with client, contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""


async def test_a_dead_target_resets_the_client(
    forwarder: Callable[[str, int], Forwarder],
) -> None:
    nowhere = forwarder("127.0.0.1", 1)

    # The kernel takes the connection; the reset may come before connecting is found to be done.
    async def first_byte() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", nowhere.port)
        try:
            return await reader.read(1)
        finally:
            writer.transport.abort()

    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(first_byte(), 5)


def test_while_it_refuses_its_port_goes_to_nobody(middle: Forwarder) -> None:
    assert middle.port in LASTING
