"""The way of the bytes between pika's connection and a socket."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from server.bus_rabbitmq_wire import Wire
from tests.services import eventually


@dataclass
class Peer:
    """The other end of the wire."""

    received: list[bytes] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while data := await reader.read(1 << 20):
            self.received.append(data)
        writer.close()


@dataclass
class Connection:
    """What the wire knows of pika's connection."""

    transport: Any = None
    received: list[bytes] = field(default_factory=list)
    ends: list[Exception | None] = field(default_factory=list)
    eof: bool = False
    bytes_received: int = 0
    _frame_buffer: bytes = b""

    def _proto_connection_made(self, transport: Wire) -> None:
        self.transport = transport

    def _proto_data_received(self, data: bytes) -> None:
        if data == b"rubbish":
            raise ValueError("as the test wants it")
        self.received.append(data)

    def _proto_eof_received(self) -> bool:
        self.eof = True
        return False

    def _proto_connection_lost(self, error: Exception | None) -> None:
        self.ends.append(error)


@pytest.fixture
async def peer() -> AsyncIterator[tuple[Peer, int]]:
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    async with server:
        yield peer, server.sockets[0].getsockname()[1]
        for writer in peer.writers:
            writer.close()


async def connect(port: int) -> tuple[Wire, Connection]:
    connection = Connection()
    made: Any = connection
    _transport, wire = await asyncio.get_running_loop().create_connection(
        lambda: Wire(lambda: made), "127.0.0.1", port
    )
    return wire, connection


async def test_what_is_written_in_one_turn_goes_out_together(peer: tuple[Peer, int]) -> None:
    wire, connection = await connect(peer[1])
    for part in (b"method", b"header", b"body"):
        connection.transport.write(part)
    assert wire.buffered_bytes == 16
    await eventually(lambda: peer[0].received == [b"methodheaderbody"])
    assert wire.buffered_bytes == 0
    wire.abort()
    await eventually(lambda: connection.ends == [None])


async def test_what_the_socket_does_not_take_is_counted(peer: tuple[Peer, int]) -> None:
    wire, connection = await connect(peer[1])
    await eventually(lambda: peer[0].writers)
    peer[0].writers[0].transport.pause_reading()  # type: ignore[attr-defined]
    size = 32 * 1024 * 1024
    wire.write(bytes(size))
    await asyncio.sleep(0)
    assert size // 2 < wire.buffered_bytes <= size
    wire.abort()
    await eventually(lambda: connection.ends == [None])


async def test_bytes_come_in(peer: tuple[Peer, int]) -> None:
    wire, connection = await connect(peer[1])
    await eventually(lambda: peer[0].writers)
    peer[0].writers[0].write(b"hello")
    await eventually(lambda: connection.received == [b"hello"])
    wire.abort()
    await eventually(lambda: connection.ends == [None])


async def test_bytes_that_pika_cannot_take_end_the_connection(peer: tuple[Peer, int]) -> None:
    _wire, connection = await connect(peer[1])
    await eventually(lambda: peer[0].writers)
    peer[0].writers[0].write(b"rubbish")
    await eventually(lambda: connection.ends)
    assert isinstance(connection.ends[0], ValueError)


async def test_the_owner_takes_first_and_pika_gets_the_rest(peer: tuple[Peer, int]) -> None:
    wire, connection = await connect(peer[1])
    wire.take_first = lambda data: 4 if data.startswith(b"mine") else 0
    await eventually(lambda: peer[0].writers)
    peer[0].writers[0].write(b"mine")
    await eventually(lambda: connection.bytes_received == 4)
    peer[0].writers[0].write(b"mine, yours")
    await eventually(lambda: connection.bytes_received == 8)
    assert connection.received == [b", yours"]
    connection._frame_buffer = b"the beginning of a frame"
    peer[0].writers[0].write(b"mine")
    await eventually(lambda: connection.received == [b", yours", b"mine"])
    wire.abort()
    await eventually(lambda: connection.ends == [None])


async def test_the_end_at_the_other_side_is_told(peer: tuple[Peer, int]) -> None:
    wire, connection = await connect(peer[1])
    await eventually(lambda: peer[0].writers)
    peer[0].writers[0].close()
    await eventually(lambda: connection.ends == [None])
    assert connection.eof
    wire.write(b"too late")
    await asyncio.sleep(0)
    assert peer[0].received == []


async def test_an_abort_before_there_is_a_socket_is_harmless() -> None:
    made: Any = Connection()
    wire = Wire(lambda: made)
    wire.abort()
    assert wire.buffered_bytes == 0
