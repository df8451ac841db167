"""ZooKeeper is away, and everyone who asks it for the nodes is started anew: all find them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from client_sdk import Client, NoNodeAvailable, connect
from tests.scenarios.conftest import StartNode
from tests.scenarios.processes import BalancerProcess, NodeProcess, is_ready
from tests.services import ZooKeeper, eventually
from tests.services.leftovers import make_chroot


class World:
    """The addresses of a cluster, and the files of those who look for its nodes."""

    def __init__(self, folder: Path, hosts: str, cluster: str) -> None:
        self.hosts = hosts
        self.cluster = cluster
        self._folder = folder
        self.balancer = BalancerProcess(folder, hosts, cluster, "--cache", str(self.file("b")))
        # Who connects how.
        self.ways = {
            "watcher": f"zk://{hosts}?cluster={cluster}",
            "asker": self.balancer.url,
        }

    def file(self, name: str) -> Path:
        """Return the path of a cache."""
        return self._folder / f"{name}.json"

    @asynccontextmanager
    async def clients(self) -> AsyncIterator[list[Client]]:
        """Connect everyone, each by the own way and with the own cache."""
        async with AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(
                    connect(address, user=user, cache=self.file(user), connect_timeout=20.0)
                )
                for user, address in self.ways.items()
            ]


async def talk(clients: Sequence[Client], users: Sequence[str], text: str) -> None:
    """See that everyone can write to everyone else."""
    for client, to in zip(clients, reversed(users), strict=True):
        await client.send(to, text)
    async with asyncio.timeout(20):
        assert [(await anext(client)).body for client in clients] == [text] * len(clients)


def nodes_in(path: Path) -> list[str]:
    """Return the urls in a cache, sorted; empty if there is none."""
    if not path.exists():
        return []
    return sorted(node["url"] for node in json.loads(path.read_bytes())["nodes"])


async def run_once(world: World, nodes: list[NodeProcess]) -> None:
    """Let everyone find the nodes while ZooKeeper is there, and end."""
    urls = sorted(node.url for node in nodes)
    async with world.balancer:
        await eventually(lambda: is_ready(world.balancer.port), within=20)

        async def complete() -> bool:
            return len((await world.balancer.ask("/v1/nodes"))["nodes"]) == len(nodes)

        await eventually(complete, within=20)
        async with world.clients() as clients:
            await talk(clients, list(world.ways), "before")
        assert await world.balancer.stop() == 0
    for name in ("b", *world.ways):
        assert nodes_in(world.file(name)) == urls, name


@pytest.mark.timeout(180)
async def test_everyone_is_restarted_while_zookeeper_is_away(
    start_node: StartNode, own_zookeeper: ZooKeeper, cluster_name: str, tmp_path: Path
) -> None:
    hosts = own_zookeeper.hosts + await asyncio.to_thread(make_chroot, own_zookeeper.hosts)
    nodes = list(await asyncio.gather(*(start_node("--zk", hosts) for _ in range(2))))
    world = World(tmp_path, hosts, cluster_name)
    await run_once(world, nodes)
    await asyncio.to_thread(own_zookeeper.stop)
    async with world.balancer as balancer:
        await eventually(lambda: is_ready(balancer.port), within=20)
        answer = await balancer.ask("/v1/nodes")
        assert (answer["stale"], len(answer["nodes"])) == (True, 2)
        assert answer["age"] > 0
        assert "degraded" in await balancer.ask("/readyz")
        async with world.clients() as clients:
            await talk(clients, list(world.ways), "during")
            await asyncio.to_thread(own_zookeeper.restart)
            await eventually(lambda: confirms(balancer, answer["version"], nodes), within=60)
            await talk(clients, list(world.ways), "after")


async def confirms(balancer: BalancerProcess, version: int, nodes: list[NodeProcess]) -> bool:
    """Tell whether the balancer has its list from ZooKeeper again, under no smaller version."""
    answer = await balancer.ask("/v1/nodes")
    urls = sorted(node["url"] for node in answer["nodes"])
    assert urls == sorted(node.url for node in nodes), "no node is ever missing"
    assert answer["version"] >= version
    return answer["stale"] is False


@pytest.mark.timeout(180)
async def test_a_balancer_is_away_as_well(
    start_node: StartNode, own_zookeeper: ZooKeeper, cluster_name: str, tmp_path: Path
) -> None:
    hosts = own_zookeeper.hosts + await asyncio.to_thread(make_chroot, own_zookeeper.hosts)
    nodes = list(await asyncio.gather(*(start_node("--zk", hosts) for _ in range(2))))
    world = World(tmp_path, hosts, cluster_name)
    await run_once(world, nodes)
    # Frozen, it takes connections and answers none: worse than one that is not there.
    await asyncio.to_thread(own_zookeeper.pause)
    async with world.clients() as clients:
        await talk(clients, list(world.ways), "during")
    for address in world.ways.values():
        with pytest.raises(NoNodeAvailable):
            await connect(address, user="forgetful", connect_timeout=2.0)
    await asyncio.to_thread(own_zookeeper.unpause)
