"""A client that arrives: its head is read, and nothing that takes too much or too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from balancer import gateway_arrival
from balancer.gateway_arrival import MAX_HEAD_BYTES, Arrival
from tests.services import eventually


class Hotel:
    """Receives arrivals, and refuses those who fall short."""

    def __init__(self) -> None:
        self.here: list[Arrival] = []
        self.heads: list[bytes] = []
        self.short: list[int] = []
        self.left = 0

    def arrived(self, arrival: Arrival) -> None:
        """See `balancer.gateway_arrival.Host`."""
        self.here.append(arrival)

    def asked(self, arrival: Arrival, head: bytes) -> None:
        """See `balancer.gateway_arrival.Host`."""
        self.heads.append(head)

    def fell_short(self, arrival: Arrival, status: int, reason: str) -> None:
        """See `balancer.gateway_arrival.Host`."""
        self.short.append(status)
        arrival.refuse(status, reason)

    def gone(self, arrival: Arrival) -> None:
        """See `balancer.gateway_arrival.Host`."""
        self.left += 1


@asynccontextmanager
async def arriving(
    within: float = 60.0,
) -> AsyncIterator[tuple[Hotel, asyncio.StreamReader, asyncio.StreamWriter]]:
    hotel = Hotel()
    server = await asyncio.get_running_loop().create_server(
        lambda: Arrival(hotel, within=within), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield hotel, reader, writer
    finally:
        writer.transport.abort()
        for arrival in hotel.here:
            arrival.tcp.abort()
        await eventually(lambda: hotel.left == 1)
        server.close()


async def test_the_head_in_pieces_and_what_stands_behind_it() -> None:
    async with arriving() as (hotel, _, writer):
        for piece in (b"GET /ws HTTP/1.1\r\nHo", b"st: x\r\n\r", b"\nearly"):
            writer.write(piece)
            await writer.drain()
        await eventually(lambda: len(hotel.heads) == 1)
        assert hotel.heads == [b"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"]
        await eventually(lambda: hotel.here[0].data == b"early")
        assert hotel.here[0].peer == "127.0.0.1"


async def test_a_head_without_end_is_refused() -> None:
    async with arriving() as (hotel, reader, writer):
        writer.write(b"GET /" + b"x" * MAX_HEAD_BYTES)
        assert (await reader.read(-1)).startswith(b"HTTP/1.1 431 ")
        assert hotel.short == [431]


async def test_who_does_not_ask_in_time_is_refused() -> None:
    async with arriving(within=0.1) as (hotel, reader, writer):
        writer.write(b"GET /ws")
        answer = await reader.read(-1)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"no request within 0.1 s" in answer
        assert hotel.short == [408]


async def test_who_leaves_is_gone() -> None:
    async with arriving() as (hotel, _, writer):
        await eventually(lambda: len(hotel.here) == 1)
        writer.close()
        await eventually(lambda: hotel.left == 1)
        assert hotel.heads == []


async def test_who_has_been_refused_is_not_listened_to() -> None:
    async with arriving() as (hotel, reader, writer):
        await eventually(lambda: len(hotel.here) == 1)
        hotel.here[0].refuse(503, "full", 7)
        writer.write(b"GET /ws HTTP/1.1\r\n\r\n")
        assert b"\r\nRetry-After: 7\r\n" in await reader.read(-1)
        assert hotel.heads == []


async def test_the_answer_arrives_whatever_the_client_still_sends() -> None:
    async with arriving() as (hotel, reader, writer):
        writer.write(b"x" * 3_000_000)
        answer = await reader.read(-1)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert answer.endswith(b" bytes\n")
        assert hotel.short == [431]


async def test_who_does_not_close_after_the_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_arrival, "_FAREWELL", 0.1)
    async with arriving() as (hotel, _, _writer):
        await eventually(lambda: len(hotel.here) == 1)
        hotel.here[0].refuse(503, "full")
        await eventually(lambda: hotel.left == 1)
