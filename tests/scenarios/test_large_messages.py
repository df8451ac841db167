"""The largest messages, many at once: they slow things down, and are no outage to anybody."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

from client_sdk import connect
from tests.scenarios.conftest import StartNode
from tests.scenarios.load import figures
from tests.scenarios.processes import NodeProcess
from tests.scenarios.watching import degraded, memory_of
from tests.scenarios.wire_client import WireClient, on_wire
from tests.services import OwnRedis, eventually

BODY = "x" * 60_000
# A node keeps at most 32 MiB that wait for the store, beside what it is just reading and writing.
MOST_GROWTH_MB = 120.0


Attempt = Callable[[str], Awaitable[None]]


def lost_services(node: NodeProcess) -> list[object]:
    """Return what the node has logged about services that it lost."""
    return [entry["message"] for entry in node.logged() if "lost " in str(entry["message"])]


async def no_outage(node: NodeProcess, attempt: Attempt) -> None:
    """Do what must not cost the node a service.

    A machine that others use may stop Redis for as long as a node bears silence. Then it is done
    again, with other names: what large messages bring about they bring about each time.
    """
    for names in "abcdef":
        before = len(lost_services(node))
        try:
            await attempt(names)
        except (AssertionError, TimeoutError):
            if len(lost_services(node)) == before:
                raise
        if len(lost_services(node)) == before:
            return
        await eventually(partial(is_well, node))
    raise AssertionError(lost_services(node))


async def is_well(node: NodeProcess) -> bool:
    return await degraded(node) == []


async def send_all(sender: WireClient, session: str, to: str, count: int) -> None:
    for number in range(1, count + 1):
        await sender.send(f"{session}-{number}", to, BODY)


async def test_a_burst_of_the_largest_messages(start_node: StartNode, own_redis: OwnRedis) -> None:
    senders, each = 150, 12
    node = await start_node("--redis", own_redis.url)

    async def burst(names: str) -> None:
        async with AsyncExitStack() as stack:
            wires = [
                await stack.enter_async_context(on_wire(node.url, f"{names}-from{number}"))
                for number in range(senders)
            ]
            async with memory_of(node) as memory:
                async with asyncio.TaskGroup() as group:
                    for number, wire in enumerate(wires):
                        to = f"{names}-to{number}"
                        group.create_task(send_all(wire, f"{names}{number}", to, each))
                await eventually(lambda: all(len(w.frames) > each for w in wires), within=30)
            assert [wire.of("error") for wire in wires] == [[]] * senders
            assert all(len(wire.of("sent")) == each for wire in wires)
            figures(megabytes=senders * each * len(BODY) / 1e6, grown_mb=memory.grown_mb)
            assert memory.grown_mb < MOST_GROWTH_MB

    await no_outage(node, burst)


async def test_many_come_back_to_full_inboxes(start_node: StartNode, own_redis: OwnRedis) -> None:
    users, each = 64, 40
    node = await start_node("--redis", own_redis.url)
    async with connect(node.url, user="alice") as alice:
        for number in range(users):
            async with on_wire(node.url, f"user{number}"):
                pass
            await asyncio.gather(*(alice.send(f"user{number}", BODY) for _ in range(each)))

    async def come_back(names: str) -> None:
        async with on_wire(node.url, "carol") as carol:
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
            await carol.deliver(f"{names}-1", "carol")
        figures(megabytes=users * each * len(BODY) / 1e6, grown_mb=memory.grown_mb)
        assert memory.grown_mb < MOST_GROWTH_MB

    await no_outage(node, come_back)
