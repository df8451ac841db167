"""What the registry on ZooKeeper does beyond the contract of all registries."""

import asyncio

import pytest

from cluster.address import parse_zookeeper
from cluster.errors import ServiceUnavailable
from cluster.registry_zookeeper import ZookeeperRegistry
from tests.cluster.records import make_record
from tests.cluster.registries import inspector, make_registry, opened_registry, opened_session
from tests.services import eventually, free_port
from tests.services.stalls import quicker_than


async def test_who_cannot_connect_is_told_where_it_tried() -> None:
    registry = make_registry(f"127.0.0.1:{free_port()}/x", 1.0)
    with pytest.raises(ServiceUnavailable) as caught:
        await registry.connect(0.2)
    assert caught.value.service == "ZooKeeper"
    assert caught.value.address.endswith("/x")
    with pytest.raises(ServiceUnavailable):
        await registry.connect(0.0)
    assert not registry.connected
    await registry.close()


async def test_a_watch_can_begin_before_zookeeper_answers() -> None:
    registry = make_registry(f"127.0.0.1:{free_port()}", 1.0)
    with pytest.raises(ServiceUnavailable):
        await registry.connect(0.1)
    membership = await registry.watch()
    assert membership.snapshot.stale
    await registry.close()


async def test_who_watches_makes_nothing_and_sees_who_does(zk_hosts: str) -> None:
    hosts = f"{zk_hosts}/not/yet"
    async with opened_session(zk_hosts) as session, opened_registry(hosts) as watcher:
        membership = await watcher.watch()
        assert (await membership.wait_ready(5.0)).records == ()
        assert await session.get_children("/not") is None
        record = make_record()
        async with opened_registry(hosts) as node:
            await node.register(record)
            await eventually(lambda: membership.snapshot.records == (record,))


async def test_who_will_register_makes_the_path_when_connecting(zk_hosts: str) -> None:
    address = parse_zookeeper(f"{zk_hosts}/not/yet")
    registry = ZookeeperRegistry(address, "im", makes_path=True)
    await registry.connect(10.0)
    async with opened_session(zk_hosts) as session:
        assert await session.get_children("/not/yet/im") == ["nodes"]
    await registry.close()


async def test_clusters_do_not_see_each_other(zk_hosts: str) -> None:
    async with opened_registry(zk_hosts) as one, opened_registry(zk_hosts + "/deeper") as two:
        await one.register(make_record())
        assert (await (await two.watch()).wait_ready(5.0)).records == ()


async def test_a_cancelled_registration_leaves_nothing(zk_hosts: str) -> None:
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        for turns in range(8):
            task = asyncio.create_task(registry.register(make_record()))
            for _ in range(turns * 3):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

        async def none_left() -> bool:
            return not await inspect.znodes()

        await eventually(none_left)


async def test_closing_without_a_server_is_quick() -> None:
    registry = make_registry(f"127.0.0.1:{free_port()}", 6.0)
    with pytest.raises(ServiceUnavailable):
        await registry.connect(0.1)
    async with quicker_than(0.5):
        await registry.close()
