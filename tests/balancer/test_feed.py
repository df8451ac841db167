"""Tests of the feed."""

import asyncio
import logging
from pathlib import Path

import pytest

from balancer.feed import Feed
from cluster.errors import ServiceUnavailable
from cluster.snapshot_cache import SnapshotCache
from tests.balancer.nodes import ids, node
from tests.balancer.registries import HandRegistry
from tests.services import eventually


@pytest.fixture
async def registry() -> HandRegistry:
    return HandRegistry()


@pytest.fixture
async def feed(registry: HandRegistry) -> Feed:
    feed = Feed(registry, wait=None)
    await feed.join()
    return feed


async def test_before_joining_the_list_is_empty_and_stale(registry: HandRegistry) -> None:
    feed = Feed(registry, wait=None)
    assert (feed.snapshot.records, feed.snapshot.version, feed.snapshot.stale) == ((), 0, True)
    assert feed.bad_records == 0


async def test_follows_the_registry(feed: Feed, registry: HandRegistry) -> None:
    registry.membership.show(node("a"))
    assert ids(feed.snapshot.records) == ["a"]
    registry.membership.show(node("a"), node("b"))
    assert ids(feed.snapshot.records) == ["a", "b"]


async def test_counts_the_entries_that_are_no_records(feed: Feed, registry: HandRegistry) -> None:
    registry.membership.bad_records = 2
    assert feed.bad_records == 2


async def test_another_returns_at_once_if_the_version_differs(
    feed: Feed, registry: HandRegistry
) -> None:
    registry.membership.show(node("a"))
    assert (await feed.another(99, timeout=30)).version == 1


async def test_another_waits_for_a_change(feed: Feed, registry: HandRegistry) -> None:
    registry.membership.show(node("a"))
    waiting = [asyncio.create_task(feed.another(1, timeout=30)) for _ in range(3)]
    await asyncio.sleep(0)
    # Growing stale is no other list.
    registry.membership.lose()
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    registry.membership.show(node("b"))
    assert [snapshot.version for snapshot in await asyncio.gather(*waiting)] == [2, 2, 2]


async def test_another_gives_up_after_the_timeout(feed: Feed, registry: HandRegistry) -> None:
    registry.membership.show(node("a"))
    assert (await feed.another(1, timeout=0.01)).version == 1


async def test_the_end_lets_everyone_go(feed: Feed, registry: HandRegistry) -> None:
    registry.membership.show(node("a"))
    waiting = asyncio.create_task(feed.another(1, timeout=30))
    await asyncio.sleep(0)
    feed.end()
    assert (await waiting).version == 1
    assert (await feed.another(1, timeout=30)).version == 1


async def test_goes_on_trying_and_complains_once(caplog: pytest.LogCaptureFixture) -> None:
    registry = HandRegistry(reachable=False)
    # Time that passes only by being looked at: no attempt is given more than a moment.
    feed = Feed(registry, wait=None, clock=lambda: 0.0)
    joining = asyncio.create_task(feed.join())
    await eventually(lambda: registry.attempts >= 2, within=10)
    registry.let()
    await joining
    complaints = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert complaints == [
        "cannot reach ZooKeeper at the test's hand: it is closed; start it with "
        "'scripts/services up zookeeper', or name another with --zk; still trying"
    ]


async def test_gives_up_after_the_time_it_was_given() -> None:
    feed = Feed(HandRegistry(reachable=False), wait=0.05)
    with pytest.raises(ServiceUnavailable):
        await feed.join()


async def test_says_when_the_list_grows_stale_and_when_it_is_confirmed_again(
    feed: Feed, registry: HandRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    registry.membership.show(node("a"))
    for _ in range(2):
        registry.membership.lose()
    registry.membership.show(node("a"))
    assert [record.message for record in caplog.records] == [
        "the registry confirms the list: 1 nodes",
        "the registry cannot confirm the list: going on with 1 nodes",
        "the registry confirms the list: 1 nodes",
    ]


def keeping(registry: HandRegistry, path: Path, wait: float | None = None) -> Feed:
    return Feed(registry, wait=wait, cache=SnapshotCache(path, "test"))


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Give the cache of an earlier run, with the nodes a and b."""
    registry = HandRegistry()
    feed = keeping(registry, tmp_path / "cache")
    await feed.load()
    await feed.join()
    registry.membership.show(node("a"), node("b"))
    await feed.close()
    return tmp_path / "cache"


async def test_before_joining_it_holds_the_list_of_an_earlier_run(path: Path) -> None:
    feed = keeping(HandRegistry(reachable=False), path)
    await feed.load()
    snapshot = feed.snapshot
    assert ids(snapshot.records) == ["a", "b"]
    assert (snapshot.stale, snapshot.complete) == (True, False)
    assert snapshot.confirmed is not None
    await feed.close()


async def test_the_registry_takes_over_and_versions_grow(path: Path) -> None:
    registry = HandRegistry()
    feed = keeping(registry, path)
    await feed.load()
    before = feed.snapshot.version
    await feed.join()
    assert ids(feed.snapshot.records) == ["a", "b"]
    waiting = asyncio.create_task(feed.another(before, timeout=30))
    await asyncio.sleep(0)
    registry.membership.show(node("b"))
    after = await waiting
    assert ids(after.records) == ["b"]
    assert after.version > before
    assert not after.stale
    await feed.close()


async def test_every_change_is_kept_without_waiting_for_the_end(path: Path) -> None:
    registry = HandRegistry()
    feed = keeping(registry, path)
    await feed.load()
    await feed.join()
    registry.membership.show(node("c"))

    async def kept() -> bool:
        snapshot = await SnapshotCache(path, "test").load()
        return snapshot is not None and ids(snapshot.records) == ["c"]

    await eventually(kept)
    registry.membership.show()
    await feed.close()
    assert await kept()


async def test_with_a_list_at_hand_it_does_not_give_up(path: Path) -> None:
    registry = HandRegistry(reachable=False)
    feed = keeping(registry, path, wait=0.0)
    await feed.load()
    joining = asyncio.create_task(feed.join())
    await eventually(lambda: registry.attempts >= 2, within=20)
    assert not joining.done()
    registry.let()
    await joining
    await feed.close()


async def test_without_a_list_in_the_cache_it_gives_up(tmp_path: Path) -> None:
    feed = keeping(HandRegistry(reachable=False), tmp_path / "cache", wait=0.05)
    await feed.load()
    with pytest.raises(ServiceUnavailable):
        await feed.join()
    await feed.close()


async def test_whoever_subscribes_is_told_of_lists_and_staleness(
    feed: Feed, registry: HandRegistry
) -> None:
    told: list[tuple[list[str], bool]] = []
    end = feed.subscribe(lambda s: told.append((ids(s.records), s.stale)))
    registry.membership.show(node("a"))
    registry.membership.lose()
    end()
    registry.membership.show(node("a"))
    assert told == [(["a"], False), (["a"], True)]
