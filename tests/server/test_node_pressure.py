"""Back-pressure: who does not read, or sends too fast, costs the node no memory and no one else."""

from __future__ import annotations

import asyncio

import pytest

from server import parts, router
from server.backends import MemoryWorld
from tests.server.embedded import Client, client, metric, running
from tests.server.faults import FaultyInbox, faulty
from tests.services.eventually import eventually

BUFFER = 64 * 1024
BODY = "x" * 30_000


async def send_many(sender: Client, to: str, count: int, first: int = 1) -> None:
    """Send large messages, each confirmed before the next."""
    for number in range(first, first + count):
        await sender.say("send", id=f"s-{number}", to=to, body=BODY)
        while (await sender.hear())["type"] != "sent":
            pass


async def say_many(sender: Client, to: str, count: int) -> None:
    """Send large messages, however many are confirmed by then."""
    for number in range(1, 1 + count):
        await sender.say("send", id=f"s-{number}", to=to, body=BODY)


async def test_a_client_that_does_not_read_is_cut_off_and_gets_all_on_return() -> None:
    world = MemoryWorld()
    async with (
        running(world, max_buffer_bytes=BUFFER, slow_timeout=1.0) as [node],
        client(node, "alice") as alice,
    ):
        async with client(node, "bob", device="phone") as bob:
            [channel] = node.parts.hub.users["bob"]
            bob.socket.transport.pause_reading()
            tcp, sent = channel._transport._tcp, 0
            assert tcp is not None
            # Until there is more than the kernel and websockets hold between the two.
            while channel.writable:
                await send_many(alice, "bob", 10, first=sent + 1)
                sent += 10
            await send_many(alice, "bob", 100, first=sent + 1)
            sent += 100
            assert tcp.get_write_buffer_size() < 4 * BUFFER
            await eventually(lambda: "bob" not in node.parts.hub.users)
            assert await metric(node, "slow_total") == 1.0
            assert await metric(node, "closes_total", "4005") == 1.0
            bob.socket.transport.resume_reading()
        async with client(node, "bob", device="phone", offset=0) as again:
            frames = await again.hear_many(sent)
            assert [frame["offset"] for frame in frames] == list(range(1, sent + 1))


async def test_others_are_served_meanwhile() -> None:
    async with (
        running(max_buffer_bytes=BUFFER) as [node],
        client(node, "alice") as alice,
        client(node, "bob") as bob,
        client(node, "carol") as carol,
    ):
        bob.socket.transport.pause_reading()
        await send_many(alice, "bob", 300)
        await alice.say("send", id="t-1", to="carol", body="still here")
        assert (await carol.hear(within=2))["body"] == "still here"
        bob.socket.transport.resume_reading()
        frames = await bob.hear_many(300)
        assert [frame["offset"] for frame in frames] == list(range(1, 301))


async def test_a_client_that_catches_up_in_time_stays() -> None:
    async with (
        running(max_buffer_bytes=BUFFER, slow_timeout=60.0) as [node],
        client(node, "alice") as alice,
        client(node, "bob") as bob,
    ):
        [channel] = node.parts.hub.users["bob"]
        for round in range(2):
            bob.socket.transport.pause_reading()
            await send_many(alice, "bob", 600, first=1 + 600 * round)
            await eventually(lambda: not channel.writable)
            bob.socket.transport.resume_reading()
            frames = await bob.hear_many(600)
            assert frames[-1]["offset"] == 600 * (round + 1)
        assert await metric(node, "slow_total") == 0.0


async def test_a_sender_that_outruns_the_store_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "MAX_WAITING_BYTES", 1_000_000)
    async with running(wrap=FaultyInbox) as [node], client(node, "alice") as alice:
        faulty(node).gate.clear()
        [channel] = node.parts.hub.users["alice"]
        # Beside the rest: once the node has paused her and every buffer is full, her writes wait.
        sending = asyncio.create_task(say_many(alice, "bob", 300))
        await eventually(lambda: channel.paused)
        # What was read in one go before the pause is taken, and no more.
        assert node.parts.router._waiting_bytes < 2_000_000
        faulty(node).gate.set()
        frames = await alice.hear_many(300)
        assert [frame["offset"] for frame in frames] == list(range(1, 301))
        await sending
        await eventually(lambda: not channel.paused)
        await alice.nothing_else()


async def test_sockets_that_say_nothing_leave_room_for_other_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "room_for_sockets", lambda: 3)
    async with running() as [node], client(node, "alice") as alice:
        assert node.record is not None
        port = node.record.port
        quiet = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
        await eventually(lambda: node.parts.stats.handshakes["cut"] == 8)
        assert not quiet[0][0].at_eof()
        await alice.nothing_else()
        for _, writer in quiet:
            writer.close()
        await eventually(lambda: node.parts.admission._sockets == 1)
        async with client(node, "bob") as bob:
            await bob.nothing_else()
