"""The SDK against real nodes: what the scripted node plays in the unit tests, the real one does."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import jwt
import pytest

from balancer.picker import Picker
from balancer.service import BalancerService
from balancer.settings import BalancerSettings
from client_sdk import Disconnected, Event, Happening, Message, connect
from client_sdk.address import make_resolver
from client_sdk.client import Client
from client_sdk.resolver_zookeeper import ZookeeperResolver
from cluster.address import parse_zookeeper
from cluster.registry_zookeeper import ZookeeperRegistry
from tests.client_sdk.balancer_stub import record
from tests.scenarios.processes import NodeProcess
from tests.services import Forwarder, OwnRedis, eventually

SECRET = "a secret that only the tests know, long enough"
StartNode = Callable[..., Awaitable[NodeProcess]]


@pytest.fixture
async def start_node(tmp_path: Path) -> AsyncIterator[StartNode]:
    """Give a function that starts a node process with the options given."""
    async with AsyncExitStack() as stack:

        async def start(*options: str) -> NodeProcess:
            return await stack.enter_async_context(NodeProcess(tmp_path, *options))

        yield start


async def take(client: Client, count: int) -> list[Message]:
    async with asyncio.timeout(20):
        return [await anext(client) for _ in range(count)]


def token(user: str, lasts: float) -> str:
    return jwt.encode({"sub": user, "exp": time.time() + lasts}, SECRET, algorithm="HS256")


async def test_messages_of_every_kind(start_node: StartNode) -> None:
    node = await start_node()
    body = {"text": "größer", "list": [1, 2.5, None, True], "deep": {"a": {}}}
    async with connect(node.url, user="alice") as alice, connect(node.url, user="bob") as bob:
        sent = await alice.send("bob", body)
        await alice.send("bob", "typing", durable=False)
        stored, passing = await take(bob, 2)
    assert (stored.sender, stored.body, stored.offset) == ("alice", body, sent.offset)
    assert stored.id == sent.id
    assert abs(stored.time - time.time()) < 60
    assert (passing.body, passing.offset) == ("typing", None)


async def test_a_device_goes_on_behind_what_it_handled(start_node: StartNode) -> None:
    node = await start_node()
    async with connect(node.url, user="alice") as alice:
        async with connect(node.url, user="bob", device="phone") as bob:
            await asyncio.gather(*(alice.send("bob", n) for n in range(10)))
            assert [m.body for m in await take(bob, 4)] == [0, 1, 2, 3]

        async def stored() -> bool:
            async with connect(node.url, user="bob", device="phone") as bob:
                return bob.offset == 4

        # Nodes write acknowledgements to the inbox a few times a second.
        await eventually(stored)
        async with connect(node.url, user="bob", device="phone") as bob:
            assert [m.body for m in await take(bob, 6)] == [4, 5, 6, 7, 8, 9]


async def test_more_than_the_window_comes_bit_by_bit(start_node: StartNode) -> None:
    node = await start_node()
    async with connect(node.url, user="alice") as alice:
        await asyncio.gather(*(alice.send("bob", n) for n in range(1000)))
    async with connect(node.url, user="bob", offset=0, receive_window=100) as bob:
        assert [m.body for m in await take(bob, 1000)] == list(range(1000))


async def test_cut_again_and_again(
    start_node: StartNode, forwarder: Callable[[str, int], Forwarder]
) -> None:
    node = await start_node()
    line = forwarder("127.0.0.1", node.port)
    url = f"ws://{line.address}/ws"
    async with connect(url, user="alice") as alice, connect(url, user="bob") as bob:
        sending = asyncio.gather(*(alice.send("bob", n) for n in range(500)))
        received = list[object]()
        while len(received) < 500:
            received += [m.body for m in await take(bob, 50)]
            await asyncio.to_thread(line.cut)
        await sending
    assert received == list(range(500))


async def test_tokens(start_node: StartNode) -> None:
    node = await start_node("--auth-secret", SECRET)
    with pytest.raises(Disconnected, match="4501"):
        await connect(node.url, user="bob")
    with pytest.raises(Disconnected, match="another user"):
        await connect(node.url, user="bob", token=token("alice", 60))
    with pytest.raises(Disconnected, match="4502"):
        await connect(node.url, user="bob", token=token("bob", -60))
    tokens = iter([token("bob", -60), token("bob", 60)])
    async with connect(node.url, user="bob", token=lambda: next(tokens)) as bob:
        assert (await bob.send("bob", 1)).offset == 1


async def test_redis_away_for_a_while(
    start_node: StartNode, zk_hosts: str, amqp_url: str, cluster_name: str, own_redis: OwnRedis
) -> None:
    node = await start_node(
        *("--zk", zk_hosts, "--redis", own_redis.url, "--amqp", amqp_url),
        *("--cluster", cluster_name),
    )
    events = list[Event]()
    async with connect(node.url, user="alice", on_state=events.append) as alice:
        await alice.send("bob", -1)
        await asyncio.to_thread(own_redis.stop)
        sending = [asyncio.create_task(alice.send("bob", n)) for n in range(300)]
        await asyncio.wait(sending, timeout=1.0)
        assert not any(task.done() for task in sending)
        await asyncio.to_thread(own_redis.start)
        async with asyncio.timeout(30):
            await asyncio.gather(*sending)
    assert [event.what for event in events] == [Happening.CONNECTED, Happening.ENDED]
    async with connect(node.url, user="bob", offset=0) as bob:
        assert [m.body for m in await take(bob, 301)] == list(range(-1, 300))


async def test_zookeeper_and_balancer_lead_to_every_node(
    start_node: StartNode, zk_hosts: str, redis_url: str, amqp_url: str, cluster_name: str
) -> None:
    services = ("--zk", zk_hosts, "--redis", redis_url, "--amqp", amqp_url)
    nodes = await asyncio.gather(
        *(start_node(*services, "--cluster", cluster_name) for _ in range(2))
    )
    settings = BalancerSettings(host="127.0.0.1", port=0)
    balancer = BalancerService(settings, ZookeeperRegistry(parse_zookeeper(zk_hosts), cluster_name))
    port = await balancer.start()
    try:
        for address in (f"zk://{zk_hosts}?cluster={cluster_name}", f"http://127.0.0.1:{port}"):
            reached = set[str]()
            while len(reached) < 2:
                async with connect(address, user="alice") as client:
                    reached.add(client.url)
            assert reached == {node.url for node in nodes}
            await loses_its_node(address, nodes)
    finally:
        await balancer.stop()


async def loses_its_node(address: str, nodes: Sequence[NodeProcess]) -> None:
    """Connect, kill the node that answered, and go on through the other one."""
    async with connect(address, user="alice") as client:
        here = next(node for node in nodes if node.url == client.url)
        await here.kill()
        await eventually(lambda: client.url not in ("", here.url), within=10.0)
        assert (await client.send("alice", 1)).offset
    await here.start()
    await (await connect(here.url, user="alice", connect_timeout=20.0)).close()


async def test_round_robin_is_even(zk_hosts: str, cluster_name: str) -> None:
    ensemble = parse_zookeeper(zk_hosts)
    owner = ZookeeperRegistry(ensemble, cluster_name)
    await owner.connect(10.0)
    for name in ("a", "b", "c"):
        await owner.register(record(name))
    resolver = ZookeeperResolver(
        ZookeeperRegistry(ensemble, cluster_name), Picker("round_robin"), None
    )

    async def complete() -> bool:
        return len(await resolver.candidates(10.0)) == 3

    await eventually(complete)
    picks = Counter([(await resolver.candidates(10.0))[0].url for _ in range(300)])
    assert picks == {record(name).url: 100 for name in ("a", "b", "c")}
    await resolver.close()
    await owner.close()


async def test_a_zookeeper_that_is_not_there_is_named() -> None:
    resolver = make_resolver("zk://127.0.0.1:1", user="bob", policy="round_robin", zone="")
    with pytest.raises(Exception, match=r"cannot reach ZooKeeper at 127\.0\.0\.1:1"):
        await resolver.candidates(1.0)
    await resolver.close()
