"""Clients who know one address only: everything that a cluster promises holds through a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from pathlib import Path

from client_sdk import Client, connect
from client_sdk.events import Happening
from tests.scenarios.conftest import StartNode
from tests.scenarios.conversation import Side
from tests.scenarios.gateway_process import GatewayProcess, crowd
from tests.scenarios.processes import NodeProcess
from tests.services import eventually

CROWD = 500
COUNT = 400
SESSION_TIMEOUT = 4.0


def holder(nodes: list[NodeProcess], node_id: str) -> NodeProcess:
    """Return the process that is a node."""
    return next(node for node in nodes if node_id in node.log.read_text())


async def three_nodes(start_node: StartNode) -> list[NodeProcess]:
    timeout = ("--session-timeout", str(SESSION_TIMEOUT))
    return list(await asyncio.gather(*(start_node(*timeout) for _ in range(3))))


class Talk:
    """Two users who write to each other through one address, and what has happened to them."""

    def __init__(self) -> None:
        self.stack = contextlib.AsyncExitStack()
        self.happened: list[Happening] = []

    async def begin(self, address: str) -> tuple[Side, Side]:
        """Connect them."""
        alice, bob = await self._join(address, "alice"), await self._join(address, "bob")
        return Side(alice, "bob"), Side(bob, "alice")

    async def _join(self, address: str, user: str) -> Client:
        def note(event: object) -> None:
            self.happened.append(event.what)  # type: ignore[attr-defined]

        return await self.stack.enter_async_context(connect(address, user=user, on_state=note))

    async def __aenter__(self) -> Talk:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()


async def talk(sides: tuple[Side, Side], meanwhile: object) -> None:
    """Let both write to each other while something happens; check that all arrives."""
    here, there = sides
    async with asyncio.timeout(90):
        await asyncio.gather(
            here.send(range(COUNT), parallel=10),
            there.send(range(COUNT), parallel=10),
            here.receive(COUNT),
            there.receive(COUNT),
            meanwhile,  # type: ignore[call-overload]
        )
    assert here.got == there.got == list(range(COUNT))


async def test_a_crowd_is_back_when_its_node_has_died(
    start_node: StartNode, zk_hosts: str, cluster_name: str, tmp_path: Path
) -> None:
    nodes = await three_nodes(start_node)
    async with (
        GatewayProcess(tmp_path, zk_hosts, cluster_name) as gateway,
        crowd(gateway.url, CROWD) as clients,
        Talk() as users,
    ):
        spread = Counter(client.node for client in clients)
        assert len(spread) == 3
        assert max(spread.values()) - min(spread.values()) <= CROWD * 0.05, spread
        sides = await users.begin(gateway.address)
        gone = sides[0].client.node
        victim = holder(nodes, gone)
        lost = spread[gone]

        async def kill() -> None:
            await eventually(lambda: len(sides[1].got) > COUNT // 4, within=30)
            await victim.kill()
            await eventually(
                lambda: all(client.node not in ("", gone) for client in clients), within=20
            )

        await talk(sides, kill())
        assert {side.client.url for side in sides} == {gateway.url}
        assert Counter(client.node for client in clients).keys() == spread.keys() - {gone}

        async def all_are_counted() -> bool:
            return await gateway.metric("im_gateway_connections") == CROWD + 2

        await eventually(all_are_counted)
        picks = await gateway.metric('im_gateway_picks_total{policy="round_robin"}')
        assert picks >= CROWD + 2 + lost
        assert await gateway.metric('im_gateway_retries_total{reason="refused"}') >= 1


async def test_a_drain_moves_clients_through_the_gateway_without_a_gap(
    start_node: StartNode, zk_hosts: str, cluster_name: str, tmp_path: Path
) -> None:
    nodes = await three_nodes(start_node)
    async with GatewayProcess(tmp_path, zk_hosts, cluster_name) as gateway, Talk() as users:
        sides = await users.begin(gateway.address)
        first = sides[0].client.node
        drained = holder(nodes, first)

        async def drain() -> None:
            await eventually(lambda: len(sides[1].got) > COUNT // 4, within=30)
            drained.send_signal(signal.SIGTERM)
            assert await drained.wait() == 0

        await talk(sides, drain())
        assert sides[0].client.node not in ("", first)
        assert sides[0].client.url == gateway.url
        assert Happening.MOVING in users.happened
        assert Happening.DISCONNECTED not in users.happened
    assert "drained: 0 channels are left" in [line["message"] for line in drained.logged()]


async def test_a_gateway_that_stops_sends_its_clients_to_another(
    start_node: StartNode, zk_hosts: str, cluster_name: str, tmp_path: Path
) -> None:
    await three_nodes(start_node)
    options = (tmp_path, zk_hosts, cluster_name, "--drain-within", "0.5")
    async with (
        GatewayProcess(*options) as one,
        GatewayProcess(*options) as other,
        Talk() as users,
    ):
        sides = await users.begin(f"{one.address},{other.address}")
        leaving = one if sides[0].client.url == one.url else other

        async def stop() -> None:
            await eventually(lambda: len(sides[1].got) > COUNT // 4, within=30)
            assert await leaving.stop() == 0, leaving.log.read_text()

        await talk(sides, stop())
        staying = other if leaving is one else one
        await eventually(lambda: {side.client.url for side in sides} == {staying.url})
        assert "connections may go on for 0.5 s" in leaving.log.read_text()
