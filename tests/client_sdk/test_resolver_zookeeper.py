"""The resolver that watches a registry, on the registry in memory and on one led by hand."""

import time
from pathlib import Path

import msgspec
import pytest

from balancer.picker import Picker
from client_sdk.faults import Unreachable
from client_sdk.resolver_zookeeper import ZookeeperResolver
from cluster.errors import ServiceUnavailable
from cluster.registry_memory import MemoryNodes, MemoryRegistry
from cluster.snapshot_cache import SnapshotCache
from tests.balancer.registries import HandRegistry
from tests.client_sdk.balancer_stub import record
from tests.services.eventually import eventually


async def test_follows_the_nodes() -> None:
    nodes = MemoryNodes()
    resolver = ZookeeperResolver(MemoryRegistry(nodes), Picker("round_robin"), None)
    with pytest.raises(Unreachable, match="no node is registered"):
        await resolver.candidates(1.0)
    owner = MemoryRegistry(nodes)
    await owner.connect(1.0)
    registration = await owner.register(record("a"))

    async def urls() -> list[str]:
        try:
            return [candidate.url for candidate in await resolver.candidates(1.0)]
        except Unreachable:
            return []

    await eventually(urls)
    assert await urls() == ["ws://a:1/ws"]
    await registration.remove()

    async def gone() -> bool:
        return not await urls()

    await eventually(gone)
    await resolver.close()
    await owner.close()


class AbsentRegistry(MemoryRegistry):
    """One that never answers."""

    async def connect(self, timeout: float | None) -> None:
        raise ServiceUnavailable("ZooKeeper", "127.0.0.1:1", "connection refused")


async def test_a_registry_that_does_not_answer_is_named() -> None:
    resolver = ZookeeperResolver(AbsentRegistry(MemoryNodes()), Picker("round_robin"), None)
    with pytest.raises(Unreachable, match=r"cannot reach ZooKeeper at 127.0.0.1:1"):
        await resolver.candidates(0.1)


def resolver_of(registry: HandRegistry, path: Path) -> ZookeeperResolver:
    return ZookeeperResolver(registry, Picker("round_robin"), None, SnapshotCache(path, "test"))


async def urls(resolver: ZookeeperResolver) -> list[str]:
    return sorted(candidate.url for candidate in await resolver.candidates(30.0))


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Give the cache of an earlier run, with the nodes a and b."""
    registry = HandRegistry(loads=False)
    registry.membership.show(record("a"), record("b"))
    resolver = resolver_of(registry, tmp_path / "cache")
    assert await urls(resolver) == ["ws://a:1/ws", "ws://b:1/ws"]
    await resolver.close()
    return tmp_path / "cache"


async def test_without_a_registry_it_begins_with_the_list_of_an_earlier_run(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry = HandRegistry(reachable=False, loads=False)
    resolver = resolver_of(registry, path)
    begun = time.monotonic()
    for _ in range(10):
        assert await urls(resolver) == ["ws://a:1/ws", "ws://b:1/ws"]
    assert time.monotonic() - begun < 10.0, "far less than the 30 s of the first round"
    assert registry.attempts == 1, "later rounds do not wait again"
    assert "beginning with the 2 nodes known earlier" in caplog.text
    await resolver.close()


async def test_the_registry_takes_over_when_it_answers(path: Path) -> None:
    registry = HandRegistry(reachable=False, loads=False)
    resolver = resolver_of(registry, path)
    await urls(resolver)
    registry.let()
    registry.membership.show(record("c"))
    assert await urls(resolver) == ["ws://c:1/ws"]
    await resolver.close()
    again = resolver_of(HandRegistry(reachable=False, loads=False), path)
    assert await urls(again) == ["ws://c:1/ws"]
    await again.close()


async def test_a_registry_without_nodes_leaves_the_cache_as_it_is(path: Path) -> None:
    registry = HandRegistry(loads=False)
    registry.membership.show()
    resolver = resolver_of(registry, path)
    with pytest.raises(Unreachable, match="no node is registered"):
        await resolver.candidates(1.0)
    await resolver.close()
    again = resolver_of(HandRegistry(reachable=False, loads=False), path)
    assert await urls(again) == ["ws://a:1/ws", "ws://b:1/ws"]
    await again.close()


async def test_a_cache_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"rubbish")
    resolver = resolver_of(HandRegistry(reachable=False, loads=False), tmp_path / "cache")
    with pytest.raises(Unreachable, match="cannot reach ZooKeeper"):
        await resolver.candidates(0.01)
    await resolver.close()


async def test_nodes_behind_one_front_are_one_candidate() -> None:
    one, two = record("a"), msgspec.structs.replace(record("b"), url="ws://a:1/ws")
    registry = HandRegistry(loads=False)
    registry.membership.show(one, two, record("c"))
    resolver = ZookeeperResolver(registry, Picker("round_robin"), None)
    assert await urls(resolver) == ["ws://a:1/ws", "ws://c:1/ws"]
    await resolver.close()
