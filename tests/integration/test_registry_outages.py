"""What the registry makes of a ZooKeeper that is paused, stopped, killed, or not there yet."""

import asyncio
from collections.abc import Callable

import pytest

from cluster.registry import Membership
from cluster.snapshot import Snapshot
from tests.cluster.records import make_record
from tests.cluster.registries import (
    holds,
    inspector,
    listening_ports,
    make_registry,
    opened_registry,
)
from tests.services import ZooKeeper, eventually
from tests.services.stalls import quicker_than

SESSION = 2.0


def confirmed(membership: Membership, records: tuple[object, ...]) -> Callable[[], bool]:
    return lambda: not membership.snapshot.stale and membership.snapshot.records == records


async def one_each(hosts: str, count: int) -> None:
    """Wait until there are so many znodes, of so many nodes; that is how it stays."""
    async with inspector(hosts) as inspect:

        async def right() -> bool:
            names = await inspect.znodes()
            return len(names) == count == len({name[:-11] for name in names})

        await eventually(right, within=15.0)


@pytest.mark.parametrize("seconds", [1.0, 6.0], ids=["shorter", "longer than the session"])
async def test_a_pause(own_zookeeper: ZooKeeper, seconds: float) -> None:
    hosts = own_zookeeper.hosts + "/x"
    async with listening_ports(3) as ports, opened_registry(hosts, SESSION) as registry:
        records = [make_record(port=port) for port in ports]
        everyone = {record.node_id for record in records}
        for record in records:
            await registry.register(record)
        membership, seen = await registry.watch(), list[Snapshot]()
        await membership.wait_ready(5.0)
        membership.subscribe(seen.append)
        await asyncio.to_thread(own_zookeeper.pause)
        await holds(lambda: membership.snapshot.node_ids() == everyone, seconds)
        assert membership.snapshot.stale or seconds < SESSION
        await asyncio.to_thread(own_zookeeper.unpause)
        await one_each(hosts, 3)
        await eventually(lambda: not membership.snapshot.stale, within=15.0)
        assert membership.snapshot.node_ids() == everyone
        assert all(snapshot.node_ids() == everyone for snapshot in seen), "nobody ever left"


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_an_end_and_a_new_start(own_zookeeper: ZooKeeper, end: str) -> None:
    hosts = own_zookeeper.hosts + "/x"
    async with opened_registry(hosts, SESSION) as registry:
        records = tuple(make_record(port=7001 + i) for i in range(2))
        registrations = [await registry.register(record) for record in records]
        membership = await registry.watch()
        await membership.wait_ready(5.0)
        await asyncio.to_thread(getattr(own_zookeeper, end))
        await eventually(lambda: membership.snapshot.stale, within=10.0)
        assert membership.snapshot.records == records
        assert not registry.connected
        await asyncio.to_thread(own_zookeeper.restart)
        await eventually(confirmed(membership, records), within=15.0)
        await one_each(hosts, 2)
        await registrations[0].remove()
        await eventually(confirmed(membership, records[1:]))


async def test_a_zookeeper_that_comes_late(own_zookeeper: ZooKeeper) -> None:
    await asyncio.to_thread(own_zookeeper.stop)
    registry = make_registry(own_zookeeper.hosts + "/x", SESSION)
    connecting = asyncio.create_task(registry.connect(None))
    await asyncio.wait([connecting], timeout=0.5)
    assert not connecting.done()
    membership = await registry.watch()
    await asyncio.to_thread(own_zookeeper.restart)
    async with asyncio.timeout(15.0):
        await connecting
        record = make_record()
        await registry.register(record)
    await eventually(confirmed(membership, (record,)))
    await registry.close()


async def test_one_that_is_paused_for_good_holds_nobody_back(own_zookeeper: ZooKeeper) -> None:
    registry = make_registry(own_zookeeper.hosts, SESSION)
    await registry.connect(10.0)
    await registry.register(make_record())
    await asyncio.to_thread(own_zookeeper.pause)
    async with quicker_than(7.0):
        await registry.close()
