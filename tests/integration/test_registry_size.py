"""A thousand nodes are listed, and a thousand can come and change at once."""

import asyncio

import msgspec

from balancer.feed import Feed
from client_sdk.address import make_resolver
from cluster.members import write_member
from tests.cluster.records import make_record
from tests.cluster.registries import inspector, opened_registry
from tests.services import ZooKeeper, eventually
from tests.services.stalls import quicker_than


async def test_a_thousand_znodes_of_one_process(zk_hosts: str) -> None:
    records = [make_record(port=1001 + i) for i in range(1000)]
    everyone = {record.node_id for record in records}
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        early = await registry.watch(loads=True)
        await early.wait_ready(5.0)
        znodes = {}
        for i, record in enumerate(records):
            prefix, data = write_member(record)
            znodes[f"{prefix}{i:010}"] = data
        await inspect.put_many(znodes)
        await eventually(lambda: early.snapshot.node_ids() == everyone, within=20.0)
        async with quicker_than(10.0):
            late = await registry.watch()
            assert (await late.wait_ready(20.0)).records == tuple(records)
        name = next(iter(znodes))
        await inspect.write(name, write_member(msgspec.structs.replace(records[0], load=9))[1])
        await eventually(lambda: early.snapshot.records[0].load == 9)


async def test_hundreds_register_through_one_session(zk_hosts: str) -> None:
    records = [make_record(port=1001 + i) for i in range(200)]
    async with opened_registry(zk_hosts) as registry:
        membership = await registry.watch()
        await asyncio.gather(*map(registry.register, records))
        everyone = {record.node_id for record in records}
        await eventually(lambda: membership.snapshot.node_ids() == everyone, within=20.0)


async def watches(hosts: str) -> int:
    """Return how many watches a ZooKeeper holds, by its own count."""
    host, _, port = hosts.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"mntr")
    answer = (await reader.read(-1)).decode()
    writer.close()
    # `wchs` would leave out those over children.
    numbers = dict(line.split("\t", 1) for line in answer.splitlines() if "\t" in line)
    return int(numbers["zk_watch_count"])


async def holding(hosts: str, count: int) -> None:
    """Return when a ZooKeeper holds so many watches: one that has fired is set anew a moment later.

    Raises:
        AssertionError: it never does, or holds more.
    """

    async def settled() -> bool:
        held = await watches(hosts)
        assert held <= count
        return held == count

    await eventually(settled)


async def test_a_client_watches_the_children_alone_and_a_balancer_the_loads_too(
    own_zookeeper: ZooKeeper,
) -> None:
    count = 50
    hosts = own_zookeeper.hosts
    async with inspector(hosts) as inspect, opened_registry(hosts) as registry:
        znodes = {}
        for i in range(count):
            prefix, data = write_member(make_record(port=1001 + i))
            znodes[f"{prefix}{i:010}"] = data
        await inspect.put_many(znodes)
        assert await watches(hosts) == 0
        resolver = make_resolver(f"zk://{hosts}", user="bob", policy="round_robin", zone="")
        assert len(await resolver.candidates(10.0)) == count
        await holding(hosts, 1)
        feed = Feed(registry, wait=10.0)
        await feed.join()
        await eventually(lambda: len(feed.snapshot.records) == count)
        await holding(hosts, 1 + 1 + count)
        await resolver.close()
