"""Both backends are registries in the eyes of the type checker, and of whoever reads this."""

from cluster.address import ZookeeperAddress
from cluster.registry import Registry
from cluster.registry_memory import MemoryRegistry
from cluster.registry_zookeeper import ZookeeperRegistry


def test_backends_are_registries() -> None:
    backends: list[Registry] = [
        MemoryRegistry(),
        ZookeeperRegistry(ZookeeperAddress("127.0.0.1:2181"), "im"),
    ]
    assert not any(backend.connected for backend in backends)
