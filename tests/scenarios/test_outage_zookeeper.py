"""ZooKeeper goes away for longer than the sessions last: nobody notices who is connected."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from client_sdk import Happening, connect
from tests.scenarios.conftest import StartNode
from tests.scenarios.load import Verdict, figures, flowing
from tests.scenarios.processes import BalancerProcess, NodeProcess, is_ready
from tests.scenarios.watching import (
    Shelves,
    degraded,
    holds,
    is_online,
    metric,
    readiness,
    shelves_in,
)
from tests.scenarios.znodes import znodes_of
from tests.services import ZooKeeper, eventually
from tests.services.leftovers import make_chroot

# IM_TEST_ACCEPTANCE=1 makes the outage as long as the project promises to survive.
OUTAGE = 60.0 if os.environ.get("IM_TEST_ACCEPTANCE") else 10.0
SESSION_TIMEOUT = 4.0
RATE = 100.0
FLOWS = 4


@asynccontextmanager
async def balancer_of(folder: Path, hosts: str, cluster: str) -> AsyncIterator[BalancerProcess]:
    """Start a balancer and give it when it has a list."""
    async with BalancerProcess(folder, hosts, cluster) as balancer:
        await eventually(lambda: is_ready(balancer.port), within=20)
        yield balancer


async def check_during(balancer: BalancerProcess, nodes: list[NodeProcess]) -> None:
    """See that picks come from the stale list, and that who is picked can be used."""
    snapshot = await balancer.ask("/v1/nodes")
    assert snapshot["stale"] is True
    picked = {(await balancer.ask("/v1/node?policy=round_robin"))["url"] for _ in range(4)}
    assert picked == {node.url for node in nodes}
    for node in nodes:
        assert await degraded(node) == ["ZooKeeper"]
        assert (await readiness(node))["services"]["ZooKeeper"] is False
        assert await is_ready(node.admin_port)
    async with connect(balancer.url, user="late") as late:
        await late.send("late", "hello")
        assert (await anext(late)).body == "hello"


async def check_directory(shelves: Shelves, nodes: list[NodeProcess], users: list[str]) -> None:
    """See that the directory still holds every user, and only on living nodes."""
    living = {(await readiness(node))["node"] for node in nodes}
    assert await shelves.incarnations() == living
    for user in users:
        assert set((await shelves.channels_of(user)).values()) <= living
        for node in nodes:
            assert await is_online(node, user), user
        assert len(await shelves.channels_of(user)) == 1


@pytest.mark.parametrize(
    ("fault", "undo", "lasting"),
    [("pause", "unpause", OUTAGE), ("stop", "restart", 1.0)],
    ids=["frozen", "restarted"],
)
async def test_away(
    start_node: StartNode,
    own_zookeeper: ZooKeeper,
    redis_url: str,
    cluster_name: str,
    tmp_path: Path,
    fault: str,
    undo: str,
    lasting: float,
) -> None:
    hosts = own_zookeeper.hosts + await asyncio.to_thread(make_chroot, own_zookeeper.hosts)
    options = ("--zk", hosts, "--session-timeout", str(SESSION_TIMEOUT))
    nodes = list(await asyncio.gather(start_node(*options), start_node(*options)))
    node_ids = sorted([(await readiness(node))["node"] for node in nodes])
    ways = [(nodes[0].url, nodes[1].url), (nodes[1].url, nodes[0].url)]
    cause: Callable[[], None] = getattr(own_zookeeper, fault)
    end: Callable[[], None] = getattr(own_zookeeper, undo)
    async with (
        balancer_of(tmp_path, hosts, cluster_name) as balancer,
        shelves_in(redis_url, cluster_name) as shelves,
        flowing([ways[number % 2] for number in range(FLOWS)], rate=RATE) as load,
    ):
        before = await load.run(2.0)
        await asyncio.to_thread(cause)
        await load.run(lasting)
        during = (before[1], (await load.run(3.0))[1])
        await check_during(balancer, nodes)
        await asyncio.to_thread(end)
        await eventually(lambda: are_well(nodes), within=20)

        async def each_once() -> bool:
            return await znodes_of(hosts, cluster_name) == node_ids

        await eventually(each_once, within=SESSION_TIMEOUT + 2.0)
        await holds(each_once, lasting=SESSION_TIMEOUT)
        await load.finish()
        users = [name for flow in load.flows for name in (flow.sender_name, flow.recipient_name)]
        await check_directory(shelves, nodes, users)
        figures(sent=load.sent, p99_before=load.p99(before), p99_during=load.p99(during))
        assert load.judge() == Verdict()
        assert load.happened(Happening.DISCONNECTED) == 0
        assert [await metric(node, "swept_total") for node in nodes] == [0, 0]
        await eventually(lambda: is_sure(balancer))


async def is_sure(balancer: BalancerProcess) -> bool:
    return (await balancer.ask("/v1/nodes"))["stale"] is False


async def are_well(nodes: list[NodeProcess]) -> bool:
    return [await degraded(node) for node in nodes] == [[]] * len(nodes)
