"""What every registry promises, whatever it is built on."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import msgspec
import pytest

from cluster.address import parse_zookeeper
from cluster.errors import InvalidRecord, ServiceUnavailable
from cluster.record import NodeRecord
from cluster.registry import Membership, Registry
from cluster.registry_memory import MemoryNodes, MemoryRegistry
from cluster.registry_zookeeper import ZookeeperRegistry
from cluster.snapshot import Snapshot
from tests.cluster.records import make_record
from tests.services import eventually, free_port

MakeRegistry = Callable[[], Registry]
Connect = Callable[[], Awaitable[Registry]]


@pytest.fixture(params=["memory", "zookeeper"])
def make_unconnected(request: pytest.FixtureRequest) -> MakeRegistry:
    """Return what makes registries that share their entries."""
    if request.param == "memory":
        nodes = MemoryNodes()
        return lambda: MemoryRegistry(nodes)
    address = parse_zookeeper(request.getfixturevalue("zk_hosts"))
    return lambda: ZookeeperRegistry(address, "im")


@pytest.fixture
async def make(make_unconnected: MakeRegistry) -> AsyncIterator[Connect]:
    """Return a coroutine function that makes a connected registry, closed in the end."""
    async with AsyncExitStack() as stack:

        async def connected() -> Registry:
            registry = make_unconnected()
            stack.push_async_callback(registry.close)
            await registry.connect(5.0)
            return registry

        yield connected


@pytest.fixture
async def node(make: Connect) -> Registry:
    """A registry on the side of a node."""
    return await make()


@pytest.fixture
async def watcher(make: Connect) -> Registry:
    """A registry on the side of a watcher."""
    return await make()


def load(snapshot: Snapshot, record: NodeRecord) -> int | None:
    found = snapshot.find(record.node_id)
    return None if found is None else found.load


def shows(membership: Membership, record: NodeRecord) -> bool:
    return record in membership.snapshot.records


async def test_it_is_connected_from_connect_to_close(make_unconnected: MakeRegistry) -> None:
    registry = make_unconnected()
    states = [registry.connected]
    for change in (registry.connect(5.0), registry.connect(5.0), registry.close()):
        await change
        states.append(registry.connected)
    await registry.close()
    assert states == [False, True, True, False]


async def test_before_connect_it_refuses(make_unconnected: MakeRegistry) -> None:
    with pytest.raises(ServiceUnavailable, match="connect"):
        await make_unconnected().register(make_record())
    with pytest.raises(ServiceUnavailable, match="connect"):
        await make_unconnected().watch()


async def test_an_empty_registry_is_confirmed(watcher: Registry) -> None:
    snapshot = await (await watcher.watch()).wait_ready(5.0)
    assert snapshot.records == ()
    assert not snapshot.stale
    assert snapshot.version == 1


async def test_a_node_that_registers_is_seen(node: Registry, watcher: Registry) -> None:
    membership = await watcher.watch()
    await membership.wait_ready(5.0)
    record = make_record(zone="a", weight=3)
    await node.register(record)
    await eventually(lambda: membership.snapshot.records == (record,))


async def test_a_watch_begins_with_who_is_there(node: Registry, watcher: Registry) -> None:
    records = tuple(make_record(port=7001 + i) for i in range(3))
    for record in records:
        await node.register(record)
    snapshot = await (await watcher.watch()).wait_ready(5.0)
    assert snapshot.records == records, "in the order in which they registered"


async def test_a_watch_goes_on_from_an_earlier_list(node: Registry, watcher: Registry) -> None:
    stays, gone = make_record(port=7001), make_record(port=free_port())
    await node.register(stays)
    known = Snapshot((stays, gone), 41, confirmed=time.monotonic())
    membership = await watcher.watch(known=known)
    assert membership.snapshot.version >= 41
    snapshot = await membership.wait_ready(5.0)
    assert (snapshot.records, snapshot.version, snapshot.stale) == ((stays,), 42, False)


async def test_a_removed_entry_is_gone(node: Registry, watcher: Registry) -> None:
    stays, goes = make_record(port=7001), make_record(port=7002)
    await node.register(stays)
    registration = await node.register(goes)
    membership = await watcher.watch()
    await membership.wait_ready(5.0)
    await registration.remove()
    await registration.remove()
    registration.update(goes)
    await eventually(lambda: membership.snapshot.records == (stays,))


async def test_closing_removes_the_own_entries(node: Registry, watcher: Registry) -> None:
    other = make_record(port=7001)
    await watcher.register(other)
    await node.register(make_record(port=7002))
    await node.register(make_record(port=7003))
    membership = await watcher.watch()
    assert len((await membership.wait_ready(5.0)).records) == 3
    await node.close()
    await eventually(lambda: membership.snapshot.records == (other,))


async def test_with_loads_an_update_is_seen(node: Registry, watcher: Registry) -> None:
    record = make_record()
    registration = await node.register(record)
    membership = await watcher.watch(loads=True)
    await membership.wait_ready(5.0)
    for count in range(1, 20):
        registration.update(msgspec.structs.replace(record, load=count))
    await eventually(lambda: load(membership.snapshot, record) == 19, within=1.0)


async def test_without_loads_a_record_is_read_once(node: Registry, watcher: Registry) -> None:
    record = make_record()
    registration = await node.register(record)
    once, always = await watcher.watch(), await watcher.watch(loads=True)
    await once.wait_ready(5.0)
    await always.wait_ready(5.0)
    registration.update(msgspec.structs.replace(record, load=5))
    await eventually(lambda: load(always.snapshot, record) == 5)
    assert load(once.snapshot, record) == 0
    later = await watcher.watch()
    assert load(await later.wait_ready(5.0), record) == 5


async def test_a_new_state_is_seen_without_loads(node: Registry, watcher: Registry) -> None:
    other, record = make_record(port=7001), make_record(port=7002)
    await node.register(other)
    registration = await node.register(record)
    membership = await watcher.watch()
    await membership.wait_ready(5.0)
    seen: list[Snapshot] = []
    membership.subscribe(seen.append)
    for state in ("draining", "up", "draining"):
        record = msgspec.structs.replace(record, state=state, load=record.load + 1)
        registration.update(record)
        await eventually(partial(shows, membership, record))
    assert all(not snapshot.stale for snapshot in seen)
    assert all(snapshot.node_ids() == {other.node_id, record.node_id} for snapshot in seen)
    later = await watcher.watch()
    assert set((await later.wait_ready(5.0)).records) == {other, record}
    await registration.remove()
    await eventually(lambda: membership.snapshot.records == (other,))


async def test_loads_are_followed_after_a_new_state(node: Registry, watcher: Registry) -> None:
    record = make_record()
    registration = await node.register(record)
    membership = await watcher.watch(loads=True)
    await membership.wait_ready(5.0)
    draining = msgspec.structs.replace(record, state="draining")
    registration.update(draining)
    await eventually(lambda: membership.snapshot.records == (draining,))
    registration.update(msgspec.structs.replace(draining, load=7))
    await eventually(lambda: load(membership.snapshot, record) == 7)
    assert membership.snapshot.records[0].state == "draining"


async def test_of_two_at_one_address_the_newest_is_seen(node: Registry, watcher: Registry) -> None:
    old, new = make_record(port=7001), make_record(port=7001)
    registration = await node.register(old)
    await node.register(new)
    membership = await watcher.watch()
    assert (await membership.wait_ready(5.0)).records == (new,)
    await registration.remove()
    third = make_record(port=7003)
    await node.register(third)
    await eventually(lambda: membership.snapshot.records == (new, third))


async def test_versions_grow_with_every_change(node: Registry, watcher: Registry) -> None:
    membership = await watcher.watch()
    versions = [(await membership.wait_ready(5.0)).version]
    membership.subscribe(lambda snapshot: versions.append(snapshot.version))
    await node.register(make_record(port=7001))
    await eventually(lambda: len(versions) == 2)
    await node.register(make_record(port=7002))
    await eventually(lambda: len(versions) == 3)
    assert versions == [1, 2, 3]


async def test_a_listener_that_fails_does_not_reach_the_others(
    node: Registry, watcher: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    membership = await watcher.watch()
    await membership.wait_ready(5.0)
    told = list[Snapshot]()

    def fail(snapshot: Snapshot) -> None:
        raise ValueError("on purpose")

    membership.subscribe(fail)
    membership.subscribe(told.append)
    await node.register(make_record())
    await eventually(lambda: told)
    assert told[-1] == membership.snapshot
    assert "on purpose" in caplog.text


async def test_a_subscription_can_be_ended(node: Registry, watcher: Registry) -> None:
    membership = await watcher.watch()
    await membership.wait_ready(5.0)
    ended, going = list[Snapshot](), list[Snapshot]()
    end = membership.subscribe(ended.append)
    membership.subscribe(going.append)
    end()
    end()
    await node.register(make_record())
    await eventually(lambda: going)
    assert not ended


async def test_a_closed_watch_keeps_its_last_snapshot(node: Registry, watcher: Registry) -> None:
    closed, going = await watcher.watch(), await watcher.watch()
    last = await closed.wait_ready(5.0)
    await going.wait_ready(5.0)
    told = list[Snapshot]()
    closed.subscribe(told.append)
    await closed.close()
    await closed.close()
    await node.register(make_record())
    await eventually(lambda: going.snapshot.records)
    assert (closed.snapshot.records, told) == (last.records, [])


async def test_a_node_id_that_is_no_uuid_is_refused(node: Registry) -> None:
    with pytest.raises(InvalidRecord, match="must be a uuid"):
        await node.register(make_record(node_id="node-1"))


async def test_a_record_that_is_too_large_is_refused(node: Registry, watcher: Registry) -> None:
    with pytest.raises(InvalidRecord, match="1024"):
        await node.register(make_record(zone="z" * 1024))
    record = make_record()
    registration = await node.register(record)
    with pytest.raises(InvalidRecord, match="1024"):
        registration.update(msgspec.structs.replace(record, zone="z" * 1024))
    assert (await (await watcher.watch()).wait_ready(5.0)).records == (record,)


async def test_an_update_about_another_node_is_refused(node: Registry) -> None:
    registration = await node.register(make_record())
    with pytest.raises(ValueError, match="not the node"):
        registration.update(make_record())


async def test_many_register_at_once(node: Registry, watcher: Registry) -> None:
    membership = await watcher.watch()
    records = [make_record(port=7001 + i) for i in range(50)]
    await asyncio.gather(*map(node.register, records))
    expected = {record.node_id for record in records}
    await eventually(lambda: membership.snapshot.node_ids() == expected)
    assert not membership.snapshot.stale
