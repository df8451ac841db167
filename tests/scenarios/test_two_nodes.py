"""Two users on two nodes: everything arrives, once and in order."""

import asyncio
import json

from client_sdk import connect
from tests.scenarios.conftest import StartNode
from tests.scenarios.conversation import Side
from tests.scenarios.processes import NodeProcess, http_get
from tests.services import eventually

COUNT = 2000


async def is_online(node: NodeProcess, user: str) -> bool:
    status, body = await http_get(node.admin_port, f"/v1/presence/{user}")
    assert status == 200
    return bool(json.loads(body)["online"])


async def is_offline(node: NodeProcess, user: str) -> bool:
    return not await is_online(node, user)


async def test_everything_arrives_once_and_in_order(start_node: StartNode) -> None:
    first, second = await asyncio.gather(start_node(), start_node())
    async with (
        connect(first.url, user="alice") as alice,
        connect(second.url, user="bob") as bob,
    ):
        here, there = Side(alice, "bob"), Side(bob, "alice")
        async with asyncio.timeout(60):
            await asyncio.gather(
                here.send(range(COUNT)),
                there.send(range(COUNT)),
                here.receive(COUNT),
                there.receive(COUNT),
            )
        assert here.got == there.got == list(range(COUNT))
        assert alice.node != bob.node


async def test_direct_routing_reaches_the_other_node(start_node: StartNode) -> None:
    first = await start_node("--routing", "direct")
    second = await start_node("--routing", "direct")
    async with (
        connect(first.url, user="alice") as alice,
        connect(second.url, user="bob") as bob,
    ):
        async with asyncio.timeout(30):
            there = Side(bob, "alice")
            await asyncio.gather(Side(alice, "bob").send(range(500)), there.receive(500))
    assert there.got == list(range(500))


async def test_offline_messages_wait_and_presence_is_told(start_node: StartNode) -> None:
    first, second = await asyncio.gather(start_node(), start_node())
    async with connect(second.url, user="bob") as bob:
        # The first node's watch may take a moment to tell it of the second one.
        await eventually(lambda: is_online(first, "bob"))
        position = bob.epoch, bob.offset
    async with connect(first.url, user="alice") as alice:
        await Side(alice, "bob").send(range(300))
    async with connect(second.url, user="bob", epoch=position[0], offset=position[1]) as bob:
        there = Side(bob, "alice")
        async with asyncio.timeout(10):
            await there.receive(300)
    assert there.got == list(range(300))
    # The node learns of the end of a channel, and tells the directory, after the client has left.
    await eventually(lambda: is_offline(first, "bob"))
