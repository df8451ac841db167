"""The resolver that watches a registry, on the registry in memory."""

import pytest

from balancer.picker import Picker
from client_sdk.faults import Unreachable
from client_sdk.resolver_zookeeper import ZookeeperResolver
from cluster.errors import ServiceUnavailable
from cluster.registry_memory import MemoryNodes, MemoryRegistry
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
