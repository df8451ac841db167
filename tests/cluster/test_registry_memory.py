"""What the registry in memory does beyond the contract of all registries."""

from cluster.registry_memory import MemoryNodes, MemoryRegistry
from cluster.snapshot import Snapshot
from tests.cluster.records import make_record


async def test_registries_without_common_nodes_are_apart() -> None:
    one, two = MemoryRegistry(), MemoryRegistry()
    await one.connect(None)
    await two.connect(None)
    await one.register(make_record())
    assert (await two.watch()).snapshot.records == ()


async def test_the_snapshot_changes_before_the_listeners_are_called() -> None:
    registry = MemoryRegistry(MemoryNodes())
    await registry.connect(None)
    membership, told = await registry.watch(), list[Snapshot]()
    membership.subscribe(told.append)
    record = make_record()
    await registry.register(record)
    assert membership.snapshot.records == (record,)
    assert told == []
