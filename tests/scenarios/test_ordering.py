"""All devices of a user see the same order, whoever sends from wherever."""

import asyncio
import random

from tests.scenarios.conftest import StartNode
from tests.scenarios.wire_client import on_wire
from tests.services import eventually

SENDERS = 6
EACH = 200


async def send_all(url: str, user: str, seed: int) -> None:
    """Send bob numbered messages, now and then waiting for what was sent."""
    chance = random.Random(seed)
    async with on_wire(url, user) as sender:
        for number in range(1, EACH + 1):
            await sender.send(f"{user}-{number}", "bob", number)
            if chance.random() < 0.1 or number == EACH:
                await sender.answered(f"{user}-{number}")


async def test_two_devices_see_the_same_order(start_node: StartNode) -> None:
    nodes = await asyncio.gather(*(start_node() for _ in range(3)))
    async with (
        on_wire(nodes[0].url, "bob", device="phone") as phone,
        on_wire(nodes[1].url, "bob", device="desk") as desk,
        on_wire(nodes[1].url, "bob", device="tablet") as tablet,
    ):
        devices = (phone, desk, tablet)
        await asyncio.gather(
            *(send_all(nodes[n % 3].url, f"sender{n}", seed=n) for n in range(SENDERS))
        )
        total = SENDERS * EACH
        await eventually(lambda: all(len(device.offsets) >= total for device in devices), within=20)
        assert phone.offsets == list(range(1, total + 1))
        assert phone.of("message") == desk.of("message") == tablet.of("message")
        for number in range(SENDERS):
            mine = [m["body"] for m in phone.of("message") if m["from"] == f"sender{number}"]
            assert mine == list(range(1, EACH + 1))


async def test_a_device_that_comes_later_sees_the_same_order(start_node: StartNode) -> None:
    first, second = await asyncio.gather(start_node(), start_node())
    async with on_wire(first.url, "bob", device="phone") as phone:
        await asyncio.gather(
            send_all(first.url, "alice", seed=1), send_all(second.url, "carol", seed=2)
        )
        epoch = phone.frames[0]["epoch"]
        async with on_wire(second.url, "bob", device="desk", epoch=epoch, offset=0) as desk:
            await eventually(lambda: len(desk.offsets) >= 2 * EACH, within=10)
            await eventually(lambda: len(phone.offsets) >= 2 * EACH, within=10)
            assert desk.of("message") == phone.of("message")
