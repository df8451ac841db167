"""Half of the nodes lose ZooKeeper at once, and nothing else: nobody who is connected notices."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from client_sdk import Happening
from tests.scenarios.conftest import StartNode
from tests.scenarios.load import Verdict, flowing
from tests.scenarios.processes import BalancerProcess, NodeProcess, is_ready
from tests.scenarios.watching import degraded, holds, metric, readiness
from tests.scenarios.znodes import znodes_of
from tests.services import Forwarder, eventually

SESSION_TIMEOUT = 4.0
RATE = 60.0


async def lists_all(balancer: BalancerProcess, nodes: list[NodeProcess], *, stale: bool) -> bool:
    """Tell whether the balancer is as stale as that; it has to name every node in any case."""
    answer = await balancer.ask("/v1/nodes")
    assert {node["url"] for node in answer["nodes"]} == {node.url for node in nodes}
    return answer["stale"] is stale


async def picks_all(balancer: BalancerProcess, nodes: list[NodeProcess]) -> bool:
    """Tell whether every node has its turn."""
    picked = [await balancer.ask("/v1/node?policy=round_robin") for _ in nodes]
    return {answer["url"] for answer in picked} == {node.url for node in nodes}


@pytest.mark.timeout(180)
async def test_two_of_four_nodes_are_cut_off_from_zookeeper(
    start_node: StartNode,
    forwarder: Callable[[str, int], Forwarder],
    zk_hosts: str,
    cluster_name: str,
    tmp_path: Path,
) -> None:
    address, _, chroot = zk_hosts.partition("/")
    host, _, port = address.rpartition(":")
    way = forwarder(host, int(port))
    timeout = ("--session-timeout", str(SESSION_TIMEOUT))
    through = ("--zk", f"{way.address}/{chroot}")
    nodes = list(
        await asyncio.gather(
            *(start_node(*timeout) for _ in range(2)),
            *(start_node(*timeout, *through) for _ in range(2)),
        )
    )
    node_ids = sorted([(await readiness(node))["node"] for node in nodes])
    # From each node to the next: two flows cross the line between the halves.
    ways = [(here.url, there.url) for here, there in zip(nodes, nodes[1:] + nodes[:1], strict=True)]
    async with (
        BalancerProcess(tmp_path, zk_hosts, cluster_name) as balancer,
        flowing(ways, rate=RATE) as load,
    ):
        await eventually(lambda: is_ready(balancer.port), within=20)
        await eventually(lambda: lists_all(balancer, nodes, stale=False), within=20)
        await load.run(1.0)
        way.refuse()
        way.cut()
        await eventually(lambda: gone(zk_hosts, cluster_name), within=4 * SESSION_TIMEOUT)
        await eventually(lambda: lists_all(balancer, nodes, stale=True), within=10)
        cut_off = [node for node in nodes if await degraded(node)]
        assert cut_off == nodes[2:]
        await load.run(2.0)
        # However long it lasts, the list stays as it is.
        await holds(lambda: lists_all(balancer, nodes, stale=True), lasting=2 * SESSION_TIMEOUT)
        assert await picks_all(balancer, nodes)
        way.heal()
        await eventually(lambda: lists_all(balancer, nodes, stale=False), within=30)
        assert await picks_all(balancer, nodes)

        async def each_once() -> bool:
            return await znodes_of(zk_hosts, cluster_name) == node_ids

        await holds(each_once, lasting=SESSION_TIMEOUT)
        await load.finish()
        assert load.judge() == Verdict()
        assert load.happened(Happening.DISCONNECTED) == 0
        assert [await metric(node, "swept_total") for node in nodes] == [0] * 4


async def gone(hosts: str, cluster: str) -> bool:
    """Tell whether the sessions of those cut off have ended, and their znodes with them."""
    return len(await znodes_of(hosts, cluster)) == 2
