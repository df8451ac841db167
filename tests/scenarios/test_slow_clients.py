"""Clients that do not read, and connections that are dead without anybody having said so."""

import asyncio
from collections.abc import Callable, Sequence

from cluster.codes import CloseCode
from tests.scenarios.conftest import StartNode
from tests.scenarios.load import Verdict, figures, flowing
from tests.scenarios.processes import NodeProcess
from tests.scenarios.stalled import StalledClient
from tests.scenarios.watching import is_online, memory_of, metric
from tests.scenarios.wire_client import WireClient, on_wire
from tests.services import Forwarder, OwnRedis, eventually

USERS = 1000
BUFFER_BYTES = 16 * 1024
BODY_BYTES = 8 * 1024
MESSAGES = 24
SLOW_TIMEOUT = 8.0
# A node may keep for each client what the limit allows and the message that passes it; beside that
# there are the batches on their way, and what the allocator keeps. Without the limit it would be
# three times as much.
MOST_GROWTH_MB = USERS * (BUFFER_BYTES + 2 * BODY_BYTES) / 1e6 + 45
# Unanswered messages of the sender.
WINDOW = 200


async def stall(url: str, users: Sequence[str]) -> list[StalledClient]:
    """Connect users that read nothing more."""
    clients = [StalledClient(url, user) for user in users]
    for start in range(0, len(clients), 50):
        await asyncio.gather(*(client.connect() for client in clients[start : start + 50]))
    return clients


async def flood(sender: WireClient, users: Sequence[str], body: str) -> None:
    """Send every user one message after the other, in turn."""
    number = 0
    for round in range(MESSAGES):
        for user in users:
            number += 1
            await sender.send(f"flood-{number}", user, [round, body])
            if number % WINDOW == 0:
                await sender.answered(f"flood-{number}")


async def collect(url: str, users: Sequence[str]) -> dict[str, list[int]]:
    """Connect users as they would come back; return the rounds of the messages each got."""
    got: dict[str, list[int]] = {}

    async def come_back(user: str) -> None:
        async with on_wire(url, user) as wire:
            await eventually(lambda: len(wire.offsets) >= MESSAGES, within=20)
            assert wire.of("connected")[0]["recovered"] is True
            assert wire.offsets == list(range(1, MESSAGES + 1))
            got[user] = [frame["body"][0] for frame in wire.of("message")]

    for start in range(0, len(users), 50):
        await asyncio.gather(*(come_back(user) for user in users[start : start + 50]))
    return got


async def test_a_thousand_clients_stop_reading(start_node: StartNode, own_redis: OwnRedis) -> None:
    node = await start_node(
        *("--redis", own_redis.url, "--slow-timeout", str(SLOW_TIMEOUT)),
        *("--max-buffer-bytes", str(BUFFER_BYTES)),
    )
    users = [f"slow{number}" for number in range(USERS)]

    async def all_cut_off() -> bool:
        return await metric(node, "closes_total", str(int(CloseCode.TOO_SLOW))) == USERS

    async with (
        on_wire(node.url, "flooder") as flooder,
        flowing([(node.url, node.url)] * 2, rate=50.0) as load,
    ):
        before = await load.run(2.0)
        clients = await stall(node.url, users)
        try:
            async with memory_of(node) as memory:
                await flood(flooder, users, "x" * BODY_BYTES)
                await eventually(all_cut_off, within=SLOW_TIMEOUT + 15)
        finally:
            for client in clients:
                client.close()
        during = (before[1], (await load.run(0.5))[0])
        async with memory_of(node) as returning:
            got = await collect(node.url, users)
        await load.finish()
        assert load.judge() == Verdict()
        assert got == {user: list(range(MESSAGES)) for user in users}
        figures(
            users=USERS,
            megabytes_sent=USERS * MESSAGES * BODY_BYTES / 1e6,
            grown_mb=memory.grown_mb,
            grown_mb_at_return=returning.grown_mb,
            p99_of_others_before=load.p99(before),
            p99_of_others=load.p99(during),
        )
        assert memory.grown_mb < MOST_GROWTH_MB
        assert returning.grown_mb < MOST_GROWTH_MB


async def test_half_open_connections_are_found(
    start_node: StartNode, forwarder: Callable[[str, int], Forwarder]
) -> None:
    node = await start_node("--heartbeat", "2", "--heartbeat-grace", "2")
    road = forwarder("127.0.0.1", node.port)
    async with (
        on_wire(f"ws://{road.address}/ws", "bob") as bob,
        on_wire(node.url, "quiet") as quiet,
    ):
        assert await is_online(node, "bob")
        road.blackhole()

        async def found() -> bool:
            return await metric(node, "closes_total", str(int(CloseCode.HEARTBEAT_MISSED))) == 1

        # The heartbeat, its grace, and a second for the slot of each.
        await eventually(found, within=4.0 + 3.0)
        await eventually(lambda: is_offline(node, "bob"))
        assert bob.is_open  # nobody could tell it
        # One who only answers pings stays.
        assert quiet.is_open
        assert await is_online(node, "quiet")
        road.heal()
        await eventually(lambda: not bob.is_open)


async def is_offline(node: NodeProcess, user: str) -> bool:
    return not await is_online(node, user)
