"""A Redis of the test's own is killed, frozen, emptied and locked: what the backends then do."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cluster.errors import EpochChanged, ServiceUnavailable
from server.directory_redis import RedisDirectory
from server.inbox_redis import RedisInbox
from server.redis_stream import RedisStream
from tests.contract.stores import envelope
from tests.services import OwnRedis, eventually
from tests.services.stalls import Stalls


class Cluster:
    """The store as one node has it."""

    def __init__(self, url: str) -> None:
        self.stream = RedisStream(url)
        self.inbox = RedisInbox(self.stream, "im")
        self.directory = RedisDirectory(self.stream, "im", "n1")

    async def open(self) -> None:
        await self.stream.open()
        await self.inbox.open()

    async def is_back(self) -> None:
        await eventually(lambda: self.stream.connected, within=20.0)


@pytest.fixture
async def cluster(own_redis: OwnRedis) -> AsyncIterator[Cluster]:
    made = Cluster(own_redis.url)
    await made.open()
    yield made
    await made.stream.close()


async def test_what_was_stored_outlives_a_kill(own_redis: OwnRedis, cluster: Cluster) -> None:
    await cluster.inbox.append([envelope(1), envelope(2)])
    await asyncio.to_thread(own_redis.kill)
    await eventually(lambda: not cluster.stream.connected)
    with pytest.raises(ServiceUnavailable):
        await cluster.inbox.append([envelope(3)])
    await asyncio.to_thread(own_redis.start)
    await cluster.is_back()
    assert not await cluster.inbox.open()
    stored = await cluster.inbox.append([envelope(2), envelope(3)])
    assert [(each.offset, each.repeated) for each in stored] == [(2, True), (3, False)]


async def test_a_frozen_redis_costs_no_more_than_the_timeout(
    own_redis: OwnRedis, cluster: Cluster
) -> None:
    own_redis.pause()
    async with Stalls() as stalls:
        calls = [cluster.inbox.append([envelope(number)]) for number in range(1, 20)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert stalls.elapsed < 0.3
    assert {type(result) for result in results} == {ServiceUnavailable}
    refused = cluster.stream.call("PING")
    assert refused.done()
    assert isinstance(refused.exception(), ServiceUnavailable)
    own_redis.unpause()
    await cluster.is_back()
    assert len(await cluster.inbox.append([envelope(99)])) == 1


async def test_nothing_given_up_happens_later(own_redis: OwnRedis, cluster: Cluster) -> None:
    call = cluster.stream.call
    for attempt in range(5):
        own_redis.pause()
        with pytest.raises(ServiceUnavailable):
            await call("SET", "who", "old")
        own_redis.unpause()
        await cluster.is_back()
        before = await call("GET", "who")
        assert before in (b"old", b"new%d" % (attempt - 1), None)
        await call("SET", "who", f"new{attempt}")
        for _ in range(50):
            assert await call("GET", "who") == b"new%d" % attempt


async def test_an_emptied_redis_is_another_epoch(own_redis: OwnRedis, cluster: Cluster) -> None:
    await cluster.inbox.append([envelope(1)])
    await asyncio.to_thread(own_redis.flush)
    # The scripts are gone too: one call fails for that, the next one finds the epoch missing.
    with pytest.raises((ServiceUnavailable, EpochChanged)):
        await cluster.inbox.append([envelope(2)])
    with pytest.raises(EpochChanged) as raised:
        await cluster.inbox.append([envelope(2)])
    assert raised.value.found is None
    assert await cluster.stream.call("KEYS", "*") == []
    assert await cluster.inbox.open()
    (stored,) = await cluster.inbox.append([envelope(2)])
    assert stored.offset == 1


async def test_a_redis_without_memory_stores_nothing_but_can_be_read(cluster: Cluster) -> None:
    await cluster.inbox.append([envelope(1)])
    await cluster.stream.call("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(ServiceUnavailable, match="OOM"):
        await cluster.inbox.append([envelope(2), envelope(3)])
    assert await cluster.inbox.heads(["bob"]) == [1]
    await cluster.stream.call("CONFIG", "SET", "maxmemory", "0")
    stored = await cluster.inbox.append([envelope(2), envelope(3)])
    assert [each.offset for each in stored] == [2, 3]


async def test_a_redis_without_memory_lets_readers_in_and_forgets_what_they_have(
    cluster: Cluster,
) -> None:
    """Otherwise a full store would stay full: who cannot read cannot acknowledge."""
    await cluster.inbox.position("bob", "phone", 0)
    await cluster.inbox.append([envelope(1), envelope(2)])
    await cluster.stream.call("CONFIG", "SET", "maxmemory", "1")
    await cluster.directory.register_node()
    await cluster.directory.add("bob", "c1")
    assert await cluster.directory.lookup(["bob"]) == [{"c1": "n1"}]
    assert (await cluster.inbox.position("bob", "laptop", 0)).head == 2
    assert [offset for offset, _ in await cluster.inbox.read("bob", 0, 10)] == [1, 2]
    for device in ("phone", "laptop"):
        await cluster.inbox.acknowledge("bob", device, 2)
    assert await cluster.inbox.read("bob", 0, 10) == []
    # And a node that was cut off meanwhile finds its feet again.
    assert not await cluster.inbox.open()
    assert await cluster.inbox.raise_head("bob", 3)
    await cluster.inbox.raise_alarm()
    assert await cluster.inbox.alarms() == 1
