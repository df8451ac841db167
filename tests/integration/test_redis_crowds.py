"""What a node with very many users asks of Redis at once is never taken for an outage."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from cluster.errors import ServiceUnavailable
from server.acknowledgements import Acknowledgements
from server.inbox_limits import InboxLimits
from server.receipts import MAX_WAITING, MAX_WAITING_EACH, Receipts
from server.redis_stream import RedisStream
from tests.contract.stores import InRedis, envelope
from tests.server.lines import Line
from tests.services import eventually

USERS = 50_000


@pytest.fixture
async def store(redis_url: str, cluster_name: str) -> AsyncIterator[InRedis]:
    """Give a store on a stream with the timeout that nodes have."""
    stream = RedisStream(redis_url)
    await stream.open()
    yield InRedis(stream, cluster_name, InboxLimits())
    await stream.close()


async def no_outage(store: InRedis, attempt: Callable[[], Awaitable[None]]) -> None:
    """Do what must not cost the connection.

    A machine that others use may stop Redis for as long as silence is borne. Then it is done again:
    what a crowd brings about it brings about each time.
    """
    counters = store.stream.counters
    for _ in range(8):
        before = counters.losses
        try:
            await attempt()
        except ServiceUnavailable:
            assert counters.losses > before
        if counters.losses == before:
            return
        await eventually(lambda: store.stream.connected)
    raise AssertionError(counters)


async def test_all_users_acknowledge_at_once(store: InRedis) -> None:
    async def acknowledge() -> None:
        inbox = store.inbox()
        await inbox.open()
        acknowledgements = Acknowledgements(inbox)
        channel = Line().channel
        channel.device, channel.epoch = "phone", inbox.epoch
        await inbox.append([envelope(1, f"user{USERS - 1}")])
        for number in range(USERS):
            channel.user = f"user{number}"
            acknowledgements.note(channel, 1)
        await acknowledgements.flush()
        assert await inbox.acknowledged([f"user{USERS - 1}"]) == [1]

    await no_outage(store, acknowledge)


async def test_receipts_of_all_users_are_wanted_at_once(store: InRedis) -> None:
    async def want() -> None:
        inbox = store.inbox()
        await inbox.open()
        receipts = Receipts(inbox, store.directory("n1"))
        lines = [Line() for _ in range(MAX_WAITING // MAX_WAITING_EACH)]
        for number in range(MAX_WAITING):
            channel = lines[number % len(lines)].channel
            receipts.want(channel, f"s-{number}", f"user{number}", 1)
        running = asyncio.create_task(receipts.run())
        told = 0

        def all_told() -> bool:
            nonlocal told
            told += sum(len(line.heard()) for line in lines)
            return told == MAX_WAITING

        # Nobody is connected, so all are stored.
        await eventually(all_told, within=20)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    await no_outage(store, want)
