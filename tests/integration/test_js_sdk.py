"""The browser SDK against real nodes and a balancer, in talk with the Python SDK."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from balancer.service import BalancerService
from balancer.settings import BalancerSettings
from client_sdk import Client, connect
from cluster.address import parse_zookeeper
from cluster.registry_zookeeper import ZookeeperRegistry
from tests.client_sdk_js.process import JsClient
from tests.scenarios.processes import NodeProcess
from tests.services import eventually

COUNT = 100


class Place:
    """Two nodes and a balancer that knows them."""

    def __init__(self, nodes: list[NodeProcess], balancer: str) -> None:
        self.nodes = nodes
        self.balancer = balancer

    def node_at(self, url: str) -> NodeProcess:
        """Return the node of a url."""
        return next(node for node in self.nodes if node.url == url)

    def other(self, url: str) -> NodeProcess:
        """Return the node that is not the one of a url."""
        return next(node for node in self.nodes if node.url != url)


@pytest.fixture
async def place(
    tmp_path: Path, zk_hosts: str, redis_url: str, amqp_url: str, cluster_name: str
) -> AsyncIterator[Place]:
    """Give a cluster of the test's own."""
    services = ("--zk", zk_hosts, "--redis", redis_url, "--amqp", amqp_url)
    async with AsyncExitStack() as stack:
        starting = [
            stack.enter_async_context(NodeProcess(tmp_path, *services, "--cluster", cluster_name))
            for _ in range(2)
        ]
        nodes = [await each for each in starting]
        registry = ZookeeperRegistry(parse_zookeeper(zk_hosts), cluster_name)
        balancer = BalancerService(BalancerSettings(host="127.0.0.1", port=0), registry)
        port = await balancer.start()
        stack.push_async_callback(balancer.stop)
        await balancer.joined()
        yield Place(nodes, f"http://127.0.0.1:{port}")


async def receive(client: Client, got: list[object]) -> None:
    """Take messages until cancelled."""
    async for message in client:
        got.append(message.body)


async def conversation(
    place: Place, alice: JsClient, disturb: Callable[[], Awaitable[object]]
) -> None:
    """Let alice, in JavaScript, and bob, in Python, write to each other while something happens."""
    alices_node = await alice.url()
    got = list[object]()

    async def write(bodies: range) -> None:
        await asyncio.gather(
            alice.send("bob", bodies), *(bob.send("alice", number) for number in bodies)
        )

    async with connect(f"{place.other(alices_node).url},{alices_node}", user="bob") as bob:
        receiving = asyncio.create_task(receive(bob, got))
        await write(range(COUNT // 2))
        writing = asyncio.create_task(write(range(COUNT // 2, COUNT)))
        await disturb()
        await writing
        await eventually(lambda: len(alice.got) >= COUNT and len(got) >= COUNT, within=30.0)
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
    assert alice.got == got == list(range(COUNT))


async def is_at(alice: JsClient, url: str) -> bool:
    """Tell whether alice has a channel at a url."""
    return await alice.url() == url


async def nothing() -> None:
    """Happen."""


async def test_a_hundred_each_way(place: Place, tmp_path: Path) -> None:
    async with JsClient(place.balancer, tmp_path / "memory", user="alice") as alice:
        await conversation(place, alice, nothing)
        assert alice.events == ["connected"]
        stored = await alice.call("send", "nobody", {"text": "größer"}, {"receipt": True})
        assert (stored["offset"], stored["receipt"]) == (1, "stored")
        assert await alice.call("presence", "alice") is True
        assert await alice.call("presence", "nobody") is False


async def test_the_node_is_killed(place: Place, tmp_path: Path) -> None:
    async with JsClient(place.balancer, tmp_path / "memory", user="alice") as alice:
        here = place.node_at(await alice.url())
        await conversation(place, alice, here.kill)
        await eventually(lambda: is_at(alice, place.other(here.url).url), within=10.0)
        assert alice.events[:2] == ["connected", "disconnected"]


async def test_the_node_is_stopped(place: Place, tmp_path: Path) -> None:
    async with JsClient(place.balancer, tmp_path / "memory", user="alice") as alice:
        here = place.node_at(await alice.url())
        await conversation(place, alice, here.stop)
        await eventually(lambda: is_at(alice, place.other(here.url).url), within=10.0)


async def test_the_client_crashes_and_starts_again(place: Place, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    async with connect(place.nodes[0].url, user="bob") as bob:
        async with JsClient(place.balancer, memory, user="alice", device="phone") as alice:
            await asyncio.gather(*(bob.send("alice", number) for number in range(COUNT)))
            await eventually(lambda: len(alice.got) == COUNT)
            # It tells of a message before it keeps the position; by its next answer it has both.
            assert (await alice.call("look"))["offset"] == COUNT
            await alice.kill()
        await asyncio.gather(*(bob.send("alice", number) for number in range(COUNT, 2 * COUNT)))
    async with JsClient(place.balancer, memory, user="alice", device="phone") as again:
        await eventually(lambda: len(again.got) >= COUNT)
        assert again.got == list(range(COUNT, 2 * COUNT))
        assert (await again.call("look"))["recovered"] is True
