"""A node dies while users talk through it: nothing is lost, nothing comes twice, no ghost stays."""

import asyncio
import contextlib

from client_sdk import connect
from cluster.address import parse_zookeeper
from cluster.registry_zookeeper import ZookeeperRegistry
from tests.scenarios.conftest import StartNode
from tests.scenarios.conversation import Side
from tests.services import eventually

COUNT = 1500
SESSION_TIMEOUT = 4.0


async def test_kill_9_loses_and_doubles_nothing(
    start_node: StartNode, zk_hosts: str, cluster_name: str
) -> None:
    timeout = ("--session-timeout", str(SESSION_TIMEOUT))
    nodes = await asyncio.gather(*(start_node(*timeout) for _ in range(3)))
    urls = [node.url for node in nodes]
    registry = ZookeeperRegistry(parse_zookeeper(zk_hosts), cluster_name)
    async with contextlib.AsyncExitStack() as stack:
        await registry.connect(20.0)
        stack.push_async_callback(registry.close)
        membership = await registry.watch()
        # Alice's list begins with the node that is going to die.
        alice = await stack.enter_async_context(
            connect(f"zk://{zk_hosts}?cluster={cluster_name}", user="alice")
        )
        victim = next(node for node in nodes if node.url == alice.url)
        other = next(url for url in urls if url != alice.url)
        bob = await stack.enter_async_context(connect(other, user="bob"))
        here, there = Side(alice, "bob"), Side(bob, "alice")

        async def kill() -> None:
            await eventually(lambda: len(there.got) > COUNT // 4, within=30)
            await victim.kill()

        async with asyncio.timeout(60):
            await asyncio.gather(
                here.send(range(COUNT), parallel=20),
                there.send(range(COUNT), parallel=20),
                here.receive(COUNT),
                there.receive(COUNT),
                kill(),
            )
        assert here.got == there.got == list(range(COUNT))
        assert alice.url != victim.url
        await eventually(
            lambda: len(membership.snapshot.records) == 2, within=SESSION_TIMEOUT + 2.0
        )
        assert victim.url not in [record.url for record in membership.snapshot.records]
