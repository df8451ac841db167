"""`server trace` on real nodes: the way of a message is told as it was."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from server.cli import main
from tests.scenarios.conftest import StartNode
from tests.scenarios.processes import NodeProcess
from tests.scenarios.watching import degraded, readiness
from tests.scenarios.wire_client import WireClient, on_wire
from tests.services import Forwarder, eventually

Event = dict[str, Any]


@dataclass
class Tracer:
    """`server trace` in a cluster."""

    zk: str
    cluster: str

    async def run(self, id: str, *options: str) -> tuple[int, str]:
        """Return the exit code, and what was printed."""
        arguments = ("trace", id, "--zk", self.zk, "--cluster", self.cluster, *options)
        runner = CliRunner(env={"COLUMNS": "150"})
        result = await asyncio.to_thread(runner.invoke, main, arguments)
        return result.exit_code, result.output

    async def events(self, id: str, last: str = "acknowledged") -> list[Event]:
        """Return what happened to a message, as soon as the last of it is told."""

        async def complete() -> list[Event]:
            code, output = await self.run(id, "--json")
            events: list[Event] = json.loads(output.splitlines()[0])["events"]
            return events if code == 0 and last in [e["event"] for e in events] else []

        return await eventually(complete, within=20.0)


@pytest.fixture
def tracer(zk_hosts: str, cluster_name: str) -> Tracer:
    """Give the command in the test's cluster."""
    return Tracer(zk_hosts, cluster_name)


async def get(bob: WireClient, id: str, offset: int) -> None:
    """Wait for a message, and acknowledge it."""
    await bob.wait_for(lambda frame: frame.get("id") == id)
    await bob.say(type="ack", offset=offset)


async def id_of(node: NodeProcess) -> str:
    """Return a node's incarnation."""
    return str((await readiness(node))["node"])


def way(events: list[Event], node: str) -> list[str]:
    """Return what happened on one node."""
    return [event["event"] for event in events if event["node"] == node]


async def test_a_message_that_crossed_nodes(start_node: StartNode, tracer: Tracer) -> None:
    first, second = await asyncio.gather(start_node(), start_node())
    here, there = await id_of(first), await id_of(second)
    async with (
        on_wire(first.url, "alice") as alice,
        on_wire(second.url, "bob", device="phone") as bob,
    ):
        await alice.deliver("s-1", "bob", "hello")
        await get(bob, "s-1", 1)
        events = await tracer.events("s-1")
    assert way(events, here) == ["taken", "stored", "published"]
    assert way(events, there) == ["received", "delivered", "acknowledged"]
    [stored] = [event for event in events if event["event"] == "stored"]
    assert (stored["from"], stored["to"], stored["offset"]) == ("alice", "bob", 1)
    assert stored["nodes"] == [there]
    _, text = await tracer.run("s-1")
    for words in (
        "taken from alice for bob",
        f"stored in bob's inbox at offset 1; bob is connected to {there[:8]}",
        "written to phone",
        "Acknowledged by phone after",
    ):
        assert words in text, text


async def test_a_message_that_waited(start_node: StartNode, tracer: Tracer) -> None:
    first, second = await asyncio.gather(start_node(), start_node())
    async with on_wire(first.url, "alice") as alice:
        await alice.deliver("s-1", "bob", "hello")
        _, before = await tracer.run("s-1")
        assert "Not delivered and not acknowledged" in before
        async with on_wire(second.url, "bob", device="phone", offset=0) as bob:
            await get(bob, "s-1", 1)
            events = await tracer.events("s-1")
    assert way(events, await id_of(first)) == ["taken", "stored"]
    assert way(events, await id_of(second)) == ["connected", "fetched", "acknowledged"]
    _, text = await tracer.run("s-1")
    for words in (
        "bob is connected nowhere",
        "bob's phone connected",
        "it waited in the inbox",
        "Acknowledged by phone after",
    ):
        assert words in text, text


async def test_a_message_that_the_bus_lost(
    start_node: StartNode,
    tracer: Tracer,
    amqp_url: str,
    forwarder: Callable[[str, int], Forwarder],
) -> None:
    host, port = amqp_url.rpartition("@")[2].partition("/")[0].split(":")
    road = forwarder(host, int(port))
    first = await start_node()
    second = await start_node("--amqp", amqp_url.replace(f"{host}:{port}", road.address))
    here, there = await id_of(first), await id_of(second)
    async with (
        on_wire(first.url, "alice") as alice,
        on_wire(second.url, "bob", device="phone") as bob,
    ):
        road.drop("from_target")
        await alice.deliver("s-1", "bob", "hello")
        await get(bob, "s-1", 1)
        road.cut()
        road.heal()
        await eventually(lambda: is_well(second))
        events = await tracer.events("s-1")
    assert way(events, here) == ["taken", "stored", "published"]
    assert way(events, there) == ["repaired", "acknowledged"]
    _, text = await tracer.run("s-1")
    assert f"It did not come to {there[:8]} by itself, and was repaired from the inbox" in text


async def is_well(node: NodeProcess) -> bool:
    """Tell whether a node misses no service."""
    return await degraded(node) == []


async def test_what_nobody_knows_and_nodes_that_do_not_tell(
    start_node: StartNode, tracer: Tracer
) -> None:
    first, second = await asyncio.gather(
        start_node(), start_node("--journal-bytes", "0", "--admin-host", "localhost")
    )
    code, text = await tracer.run("s-1")
    assert code == 1
    assert "nothing is known of s-1 here, or not any more" in text
    assert f"{(await id_of(first))[:8]} remembers everything since" in text
    assert f"{(await id_of(second))[:8]} keeps no journal" in text
    await second.kill()
    _, text = await tracer.run("s-1")
    assert "its admin port does not answer" in text
