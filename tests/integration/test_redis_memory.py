"""What a user costs in Redis; the figures stand in `docs/data-model.md`."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.stores import InRedis, envelope, open_redis_store


@pytest.fixture
async def store(redis_url: str, cluster_name: str) -> AsyncIterator[InRedis]:
    async with open_redis_store(redis_url, cluster_name) as opened:
        yield opened


async def _bytes(store: InRedis, key: str) -> int:
    return int(await store.stream.call("MEMORY", "USAGE", key, "SAMPLES", 0) or 0)


async def _send(store: InRedis, sessions: range) -> None:
    """Let many sessions, with names as long as a real one's, write one message each."""
    inbox = store.inbox()
    await inbox.open()
    for start in range(sessions.start, sessions.stop, 500):
        part = range(start, min(start + 500, sessions.stop))
        await inbox.append([envelope(1, sender=f"user{n:06}", session=f"{n:022}") for n in part])


async def test_the_memory_of_repetitions_is_bounded(store: InRedis, cluster_name: str) -> None:
    key = f"{cluster_name}:{{bob}}:producers"
    await _send(store, range(100))
    assert await _bytes(store, key) < 100 * 80
    await _send(store, range(100, 4_096))
    largest = await _bytes(store, key)
    assert largest < 600_000
    await _send(store, range(4_096, 10_000))
    assert await store.stream.call("HLEN", key) <= 4_097
    assert await _bytes(store, key) < 600_000


async def test_an_inbox_costs_little_more_than_its_messages(
    store: InRedis, cluster_name: str
) -> None:
    key = f"{cluster_name}:{{bob}}:inbox"
    await _send(store, range(1))
    assert await _bytes(store, key) < 6_000  # one block of the stream
    await _send(store, range(1, 1_001))
    tails = 1_001 * len(envelope(1, sender="user000000", session="0" * 22).tail)
    assert await _bytes(store, key) < tails * 1.5 + 6_000


async def test_a_user_who_has_read_all_costs_some_hundred_bytes(
    store: InRedis, cluster_name: str
) -> None:
    await _send(store, range(1_000))
    inbox = store.inbox()
    await inbox.open()
    await inbox.acknowledge("bob", "phone", 1_000)
    assert await _bytes(store, f"{cluster_name}:{{bob}}:inbox") < 6_000
    for name in ("head", "cursors"):
        assert await _bytes(store, f"{cluster_name}:{{bob}}:{name}") < 200
