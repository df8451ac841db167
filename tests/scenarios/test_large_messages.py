"""The largest messages, many at once: they slow things down, and are no outage to anybody."""

import asyncio
from contextlib import AsyncExitStack

from tests.scenarios.conftest import StartNode
from tests.scenarios.load import figures
from tests.scenarios.processes import NodeProcess
from tests.scenarios.watching import memory_of
from tests.scenarios.wire_client import WireClient, on_wire
from tests.services import OwnRedis, eventually

BODY = "x" * 60_000
# A node keeps at most 32 MiB that wait for the store, beside what it is just reading and writing.
MOST_GROWTH_MB = 120.0


def lost_services(node: NodeProcess) -> list[object]:
    """Return what the node has logged about services that it lost."""
    return [entry["message"] for entry in node.logged() if "lost " in str(entry["message"])]


async def send_all(sender: WireClient, session: str, to: str, count: int) -> None:
    for number in range(1, count + 1):
        await sender.send(f"{session}-{number}", to, BODY)


async def test_a_burst_of_the_largest_messages(start_node: StartNode, own_redis: OwnRedis) -> None:
    senders, each = 150, 12
    node = await start_node("--redis", own_redis.url)
    async with AsyncExitStack() as stack:
        wires = [
            await stack.enter_async_context(on_wire(node.url, f"from{number}"))
            for number in range(senders)
        ]
        async with memory_of(node) as memory:
            async with asyncio.TaskGroup() as group:
                for number, wire in enumerate(wires):
                    group.create_task(send_all(wire, f"s{number}", f"to{number}", each))
            await eventually(lambda: all(len(w.frames) > each for w in wires), within=30)
        assert [wire.of("error") for wire in wires] == [[]] * senders
        assert all(len(wire.of("sent")) == each for wire in wires)
        assert lost_services(node) == []
        figures(megabytes=senders * each * len(BODY) / 1e6, grown_mb=memory.grown_mb)
        assert memory.grown_mb < MOST_GROWTH_MB


async def test_many_come_back_to_full_inboxes(start_node: StartNode, own_redis: OwnRedis) -> None:
    users, each = 64, 40
    node = await start_node("--redis", own_redis.url)
    async with on_wire(node.url, "alice") as alice:
        for number in range(users):
            async with on_wire(node.url, f"user{number}"):
                pass
            await send_all(alice, f"s{number}", f"user{number}", each)
            await alice.answered(f"s{number}-{each}")
        async with AsyncExitStack() as stack, memory_of(node) as memory:
            wires = await asyncio.gather(
                *(
                    stack.enter_async_context(on_wire(node.url, f"user{number}"))
                    for number in range(users)
                )
            )
            await eventually(lambda: all(len(w.offsets) >= each for w in wires), within=30)
            assert all(wire.offsets == list(range(1, each + 1)) for wire in wires)
        # Nobody else was refused meanwhile.
        await alice.deliver("end-1", "alice")
        assert lost_services(node) == []
        figures(megabytes=users * each * len(BODY) / 1e6, grown_mb=memory.grown_mb)
        assert memory.grown_mb < MOST_GROWTH_MB
