"""Nodes on a real ZooKeeper, Redis and RabbitMQ, in this process: joining, serving, leaving."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pika
import pytest
from kazoo.client import KazooClient
from redis import Redis

from cluster.address import parse_zookeeper
from cluster.errors import ServiceUnavailable
from cluster.record import decode_record
from server.node import Node
from server.settings import NodeSettings
from tests.server.embedded import client, fetch, metric
from tests.services import Forwarder, eventually
from tests.services.stalls import quicker_than

ZNODE = re.compile(r"n-[0-9a-f-]{36}-\d{10}")


class Services:
    """Where a test's cluster is, and a look at each of its services from outside."""

    def __init__(self, zk: str, redis: str, amqp: str, cluster: str) -> None:
        self.redis, self.amqp, self.cluster = redis, amqp, cluster
        self.zk = zk

    def settings(self, **more: Any) -> NodeSettings:
        """Return the settings of a node in this cluster."""
        chosen: dict[str, Any] = {
            "zk": parse_zookeeper(self.zk),
            "redis": self.redis,
            "amqp": self.amqp,
            "cluster": self.cluster,
            "host": "127.0.0.1",
            "port": 0,
            "admin_port": 0,
            "wait": 20.0,
        }
        return NodeSettings(**chosen | more)

    @contextmanager
    def zookeeper(self) -> Iterator[Any]:
        """Give a ZooKeeper client that is none of the project's."""
        watcher = KazooClient(self.zk)
        watcher.start()
        try:
            yield watcher
        finally:
            watcher.stop()
            watcher.close()

    def keys(self) -> set[str]:
        """Return the cluster's keys in Redis."""
        with Redis.from_url(self.redis, decode_responses=True) as store:
            return set(store.scan_iter(f"{self.cluster}:*"))

    def publish(self, body: bytes) -> None:
        """Publish something on the cluster's exchange."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp))
        connection.channel().basic_publish(f"{self.cluster}.fanout", "", body)
        connection.close()


def behind(forwarder: Callable[[str, int], Forwarder], url: str) -> tuple[Forwarder, str]:
    """Put a forwarder in front of a service; return it and the URL that leads through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    made = forwarder(parts.hostname, parts.port)
    login, at, _ = parts.netloc.rpartition("@")
    return made, urlunsplit(parts._replace(netloc=f"{login}{at}{made.address}"))


@pytest.fixture
def services(zk_hosts: str, redis_url: str, amqp_url: str, cluster_name: str) -> Services:
    """Give the services, under names that only this test uses."""
    return Services(zk_hosts, redis_url, amqp_url, cluster_name)


@asynccontextmanager
async def running(services: Services, count: int = 1, **more: Any) -> AsyncIterator[list[Node]]:
    """Run nodes on the services."""
    nodes = [Node(services.settings(**more)) for _ in range(count)]
    try:
        await asyncio.gather(*(node.start() for node in nodes))
        yield nodes
    finally:
        await asyncio.gather(*(node.stop() for node in nodes))


async def test_a_node_stands_in_zookeeper_while_it_runs(services: Services) -> None:
    path = f"/{services.cluster}/nodes"
    with services.zookeeper() as outside:
        async with running(services, 2, zone="west") as nodes:
            names = outside.get_children(path)
            assert len(names) == 2
            for name in names:
                assert ZNODE.fullmatch(name)
                data, stat = outside.get(f"{path}/{name}")
                assert stat.ephemeralOwner != 0
                record = decode_record(data, name)
                assert record in [node.record for node in nodes]
                assert (record.host, record.zone) == ("127.0.0.1", "west")
        assert outside.get_children(path) == []


async def test_messages_pass_between_nodes_and_are_kept(services: Services) -> None:
    async with (
        running(services, 2) as [one, other],
        client(one, "alice") as alice,
        client(other, "bob", device="phone") as bob,
    ):
        for number in range(1, 101):
            await alice.say("send", id=f"s-{number}", to="bob", body=number)
        sent = await alice.hear_many(100)
        assert [frame["offset"] for frame in sent] == list(range(1, 101))
        assert [frame["body"] for frame in await bob.hear_many(100)] == list(range(1, 101))
        assert f"{services.cluster}:{{bob}}:inbox" in services.keys()
        await alice.say("send", id="s-1", to="bob", body="again")
        assert (await alice.hear())["type"] == "sent"
        await bob.nothing_else()
    async with running(services) as [later], client(later) as bob:
        connected = await bob.enter("bob", device="phone", offset=98)
        assert connected["recovered"]
        assert [frame["body"] for frame in await bob.hear_many(2)] == [99, 100]


async def test_stopping_leaves_the_directory_clean(services: Services) -> None:
    async with running(services) as [node], client(node, "alice") as alice:
        assert f"{services.cluster}:{{alice}}:channels" in services.keys()
        await node.stop()
        assert (await alice.end())[1] == 4000
        await node.stop()
    left = services.keys()
    assert not [key for key in left if key.endswith(":channels") or ":node:" in key]


async def _counted(node: Node, name: str) -> bool:
    """Tell whether this counter of a node's stands at one."""
    return await metric(node, name) == 1.0


def _sees_only(node: Node, node_ids: set[str]) -> bool:
    """Tell whether a node's snapshot holds these nodes; its watch is told a moment later."""
    return node.snapshot().node_ids() == node_ids


async def test_rubbish_on_the_exchange_is_counted_and_survived(services: Services) -> None:
    async with running(services, 2) as [one, other], client(one, "bob") as bob:
        await asyncio.to_thread(services.publish, b"\xc1 rubbish")
        await eventually(partial(_counted, one, "bad_batches_total"))
        async with client(other, "alice") as alice:
            await alice.say("send", id="s-1", to="bob", body="all is well")
            assert (await bob.hear())["body"] == "all is well"


async def test_rubbish_in_the_registry_is_survived(services: Services) -> None:
    async with running(services, 2) as [one, other]:
        with services.zookeeper() as outside:
            path = f"/{services.cluster}/nodes"
            name = "n-00000000-0000-4000-8000-000000000000-"
            outside.create(f"{path}/{name}", b"\xff rubbish", sequence=True, ephemeral=True)
            outside.create(f"{path}/rubbish", b"{}", ephemeral=True)
            async with client(one, "alice") as alice, client(other, "bob") as bob:
                await alice.say("send", id="s-1", to="bob", body="all is well")
                assert (await bob.hear())["body"] == "all is well"
            for node in (one, other):
                await eventually(partial(_counted, node, "bad_records_total"))
                await eventually(partial(_sees_only, node, {one.node_id, other.node_id}))


async def test_a_node_waits_for_services_that_come_later(
    services: Services, forwarder: Callable[[str, int], Forwarder]
) -> None:
    redis, redis_url = behind(forwarder, services.redis)
    amqp, amqp_url = behind(forwarder, services.amqp)
    for each in (redis, amqp):
        each.refuse()
    node = Node(services.settings(redis=redis_url, amqp=amqp_url))
    starting = asyncio.create_task(node.start())
    try:
        await eventually(lambda: node.admin_port)
        assert (await fetch(node, "/readyz"))[0] == 503
        with services.zookeeper() as outside:
            path = f"/{services.cluster}/nodes"
            assert not outside.exists(path) or not outside.get_children(path)
        for each in (redis, amqp):
            each.heal()
        await asyncio.wait_for(starting, 20)
        assert (await fetch(node, "/readyz"))[0] == 200
        assert set(node.services().values()) == {True}
    finally:
        await node.stop()


async def test_a_node_gives_up_when_it_was_told_to(
    services: Services, forwarder: Callable[[str, int], Forwarder]
) -> None:
    redis, url = behind(forwarder, services.redis)
    redis.refuse()
    node = Node(services.settings(redis=url, wait=3.0))
    with pytest.raises(ServiceUnavailable) as info:
        await node.start()
    assert info.value.service == "Redis"
    await node.stop()


async def test_stopping_takes_no_longer_when_the_store_is_away(
    services: Services, forwarder: Callable[[str, int], Forwarder]
) -> None:
    redis, url = behind(forwarder, services.redis)
    node = Node(services.settings(redis=url))
    await node.start()
    async with client(node, "alice") as alice:
        redis.blackhole()
        await alice.say("send", id="s-1", to="bob", body=1)
        async with quicker_than(10):
            await node.stop()
        assert (await alice.end())[1] == 4000
