"""RabbitMQ goes away, blocks, or is lost to one node: messages go on arriving, a little later."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence

import pytest

from client_sdk import Happening
from tests.scenarios.conftest import StartNode
from tests.scenarios.load import Load, Verdict, figures, flowing
from tests.scenarios.processes import NodeProcess
from tests.scenarios.watching import degraded, memory_of, metric
from tests.scenarios.wire_client import on_wire
from tests.services import Forwarder, OwnRabbitMQ, eventually

# IM_TEST_ACCEPTANCE=1 makes the outages as long as the project promises to survive.
OUTAGE = 30.0 if os.environ.get("IM_TEST_ACCEPTANCE") else 10.0
RATE = 500.0
FLOWS = 10

# What the project promises while the broker is away.
MOST_LATE = 1.5
MOST_GROWTH_MB = 20.0


async def two_nodes(start_node: StartNode, *amqp: str) -> list[NodeProcess]:
    """Start a node for each address of a broker."""
    return list(await asyncio.gather(*(start_node("--amqp", url) for url in amqp)))


def across(first: NodeProcess, second: NodeProcess, flows: int) -> list[tuple[str, str]]:
    """Return pairs of addresses for flows between two nodes, both ways in turn."""
    ways = [(first.url, second.url), (second.url, first.url)]
    return [ways[number % 2] for number in range(flows)]


async def all_well(nodes: Sequence[NodeProcess]) -> None:
    """Wait until no node misses any service."""
    await eventually(lambda: are(nodes, []), within=15)


async def all_ill(nodes: Sequence[NodeProcess]) -> None:
    """Wait until every node says that RabbitMQ is away."""
    await eventually(lambda: are(nodes, ["RabbitMQ"]), within=5)


async def are(nodes: Sequence[NodeProcess], missing: list[str]) -> bool:
    return all([await degraded(node) == missing for node in nodes])


async def check_after(load: Load, nodes: list[NodeProcess]) -> float:
    """See that the fast path works again; return its p99 in seconds."""
    await all_well(nodes)
    published = await metric(nodes[0], "published_total")
    span = await load.run(2.0)
    assert await metric(nodes[0], "published_total") > published
    await load.finish()
    assert load.judge() == Verdict()
    assert load.happened(Happening.DISCONNECTED) == 0
    return load.p99(span)


async def test_stopped(start_node: StartNode, own_rabbitmq: OwnRabbitMQ) -> None:
    nodes = await two_nodes(start_node, own_rabbitmq.url, own_rabbitmq.url)
    async with (
        on_wire(nodes[0].url, "watcher") as watcher,
        flowing(across(nodes[0], nodes[1], FLOWS), rate=RATE) as load,
    ):
        before = await load.run(3.0)
        async with memory_of(nodes[0]) as first, memory_of(nodes[1]) as second:
            broken = time.monotonic()
            await asyncio.to_thread(own_rabbitmq.kill)
            await all_ill(nodes)
            during = (broken, (await load.run(OUTAGE))[1])
        await watcher.wait_for(lambda f: f == {"type": "status", "degraded": ["RabbitMQ"]})
        await asyncio.to_thread(own_rabbitmq.start)
        after = await check_after(load, nodes)
        await watcher.wait_for(lambda f: f == {"type": "status", "degraded": []})
        figures(
            sent=load.sent,
            p99_before=load.p99(before),
            p99_during=load.p99(during),
            worst_during=load.latencies(during)[-1],
            p99_after=after,
            grown_mb=(first.grown_mb, second.grown_mb),
        )
        assert load.p99(during) <= MOST_LATE
        assert after < load.p99(during)
        assert max(first.grown_mb, second.grown_mb) < MOST_GROWTH_MB


@pytest.mark.parametrize(
    ("fault", "undo"),
    [(OwnRabbitMQ.block, OwnRabbitMQ.unblock), (OwnRabbitMQ.pause, OwnRabbitMQ.unpause)],
    ids=["memory alarm", "frozen"],
)
async def test_there_but_taking_nothing(
    start_node: StartNode,
    own_rabbitmq: OwnRabbitMQ,
    fault: Callable[[OwnRabbitMQ], None],
    undo: Callable[[OwnRabbitMQ], None],
) -> None:
    nodes = await two_nodes(start_node, own_rabbitmq.url, own_rabbitmq.url)
    async with flowing(across(nodes[0], nodes[1], FLOWS), rate=RATE) as load:
        await load.run(2.0)
        async with memory_of(nodes[0]) as memory:
            broken = time.monotonic()
            await asyncio.to_thread(fault, own_rabbitmq)
            await all_ill(nodes)
            during = (broken, (await load.run(4.0))[1])
        await asyncio.to_thread(undo, own_rabbitmq)
        after = await check_after(load, nodes)
        worst = load.latencies(during)[-1]
        figures(
            p99_during=load.p99(during),
            worst_during=worst,
            p99_after=after,
            grown_mb=memory.grown_mb,
        )
        assert load.p99(during) <= MOST_LATE
        assert memory.grown_mb < MOST_GROWTH_MB


@pytest.mark.parametrize("fault", ["cut", "blackhole"])
async def test_lost_to_one_node_only(
    start_node: StartNode,
    amqp_url: str,
    forwarder: Callable[[str, int], Forwarder],
    fault: str,
) -> None:
    """The cut-off node raises the alarm, so the others look in the inboxes at once."""
    host, port = amqp_url.rpartition("@")[2].partition("/")[0].split(":")
    road = forwarder(host, int(port))
    alone = amqp_url.replace(f"{host}:{port}", road.address)
    nodes = await two_nodes(start_node, alone, amqp_url)
    async with flowing(across(nodes[0], nodes[1], 4), rate=100.0) as load:
        await load.run(2.0)
        broken = time.monotonic()
        if fault == "cut":
            road.refuse()
            road.cut()
        else:
            road.blackhole()
        await all_ill(nodes[:1])
        assert await are(nodes[1:], [])
        during = (broken, (await load.run(4.0))[1])
        assert await are(nodes[1:], [])
        road.heal()
        after = await check_after(load, nodes)
        worst = load.latencies(during)[-1]
        figures(fault=fault, p99_during=load.p99(during), worst_during=worst, p99_after=after)
        assert load.p99(during) <= MOST_LATE
