"""What goes over the channel, as an application sees it: presence, receipts, health."""

import asyncio

import pytest

from client_sdk import Client, ClientClosed, Disconnected, Event, Happening, connect
from cluster.codes import CloseCode
from cluster.frames import Status
from tests.client_sdk.joined import has, joined, lagging, what
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually
from tests.services.stalls import quicker_than


class TestPresence:
    async def test_of_many_users_at_once(self, nodes: list[ScriptedNode]) -> None:
        async with joined([nodes[0]], "alice") as (alice, _), joined([nodes[1]]):
            users = [f"u{n}" for n in range(50)] + ["bob", "alice", "bob"]
            answers = await asyncio.gather(*(alice.presence(user) for user in users))
            assert answers == [False] * 50 + [True] * 3
            assert nodes[0].questions.count("bob") == 1
        async with joined([nodes[0]], "alice") as (alice, _):
            await eventually(lambda: not nodes[1].channels)
            assert await alice.presence("bob") is False

    async def test_that_the_node_cannot_tell(self, node: ScriptedNode) -> None:
        node.presence_unknown = True
        async with joined([node]) as (client, _):
            assert await client.presence("alice") is None

    async def test_that_nobody_tells_in_time(self, node: ScriptedNode) -> None:
        node.keep_presence_back = True
        async with joined([node]) as (client, _):
            assert await client.presence("bob", timeout=0.05) is None
            node.keep_presence_back = False
            assert await client.presence("bob") is True

    async def test_is_asked_again_after_a_cut(self, node: ScriptedNode) -> None:
        node.keep_presence_back = True
        async with joined([node]) as (client, _):
            asking = asyncio.create_task(client.presence("bob"))
            await eventually(lambda: node.questions == ["bob"])
            node.keep_presence_back = False
            node.cut()
            assert await asking is True
        assert node.questions == ["bob", "bob"]

    async def test_waits_for_a_node(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            await node.kill()
            await eventually(has(events, Happening.DISCONNECTED))
            asking = asyncio.create_task(client.presence("bob"))
            await node.start()
            assert await asking is True

    async def test_after_the_end(self, node: ScriptedNode) -> None:
        node.keep_presence_back = True
        client = await connect(node.url, user="bob")
        asking = asyncio.create_task(client.presence("alice"))
        await eventually(lambda: node.questions)
        await client.close()
        for question in (asking, client.presence("alice")):
            with pytest.raises(ClientClosed):
                await question

    async def test_after_a_final_code(self, node: ScriptedNode) -> None:
        node.keep_presence_back = True
        async with joined([node]) as (client, _):
            asking = asyncio.create_task(client.presence("alice"))
            await eventually(lambda: node.questions)
            await node.close_channels(CloseCode.AUTHENTICATION_FAILED, "out")
            with pytest.raises(Disconnected):
                await asking


class TestReceipts:
    async def test_delivered_when_a_device_has_handled_it(self, nodes: list[ScriptedNode]) -> None:
        async with joined([nodes[0]], "alice") as (alice, _), joined([nodes[1]]) as (bob, _):
            sending = asyncio.create_task(alice.send("bob", 1, receipt=True))
            assert (await anext(bob)).body == 1
            # It is stored, so that others may go; but nobody has handled it.
            assert (await alice.send("bob", 2)).receipt is None
            assert not sending.done()
            bob.handled()
            sent = await sending
        assert (sent.offset, sent.receipt) == (1, "delivered")

    async def test_stored_when_nobody_is_there(self, node: ScriptedNode) -> None:
        async with joined([node], "alice") as (alice, _):
            sent = await alice.send("bob", 1, receipt=True)
        assert (sent.offset, sent.receipt) == (1, "stored")

    async def test_stored_when_the_channel_is_lost_before_it_comes(
        self, node: ScriptedNode
    ) -> None:
        node.keep_receipts_back = True
        async with joined([node], "alice") as (alice, events):
            sending = asyncio.create_task(alice.send("bob", 1, receipt=True))
            await lagging(node, "alice", 1)
            await alice.send("bob", 2)
            assert not sending.done()
            node.cut()
            async with quicker_than(5.0):  # far less than `send_timeout`
                assert (await sending).receipt == "stored"
        assert what(events).count("connected") == 2
        assert node.bodies == [1, 2]

    async def test_of_a_message_that_is_sent_again(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        a.keep_sent_back = True
        async with joined([a], "alice") as (alice, _), joined([b]) as (bob, _):
            sending = asyncio.create_task(alice.send("bob", 1, receipt=True))
            await lagging(a, "alice", 1)
            a.keep_sent_back = False
            a.cut()
            assert (await anext(bob)).body == 1
            bob.handled()
            assert (await sending).receipt == "delivered"

    async def test_not_asked_for(self, node: ScriptedNode) -> None:
        async with joined([node], "alice") as (alice, _):
            assert (await alice.send("bob", 1)).receipt is None
            assert (await alice.send("bob", 1, durable=False)).receipt is None
            with pytest.raises(ValueError, match="durable=True"):
                await alice.send("bob", 1, durable=False, receipt=True)

    async def test_closing_does_not_wait_for_one(self, node: ScriptedNode) -> None:
        node.keep_receipts_back = True
        client = await connect(node.url, user="alice")
        sending = asyncio.create_task(client.send("bob", 1, receipt=True))
        await lagging(node, "alice", 1)
        await client.send("bob", 2)
        async with quicker_than(1.5):
            await client.close()
        assert (await sending).receipt == "stored"


class TestHealth:
    def reasons(self, events: list[Event]) -> list[tuple[str, str]]:
        return [
            (event.what.value, event.reason)
            for event in events
            if event.what in (Happening.DEGRADED, Happening.RECOVERED)
        ]

    async def degraded(self, client: Client, *services: str) -> None:
        await eventually(lambda: client.degraded == services)

    async def test_is_told_as_it_changes(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            assert client.degraded == ()
            for services in ((), ("RabbitMQ",), ("RabbitMQ",), ("RabbitMQ", "ZooKeeper"), (), ()):
                await node.say(Status(degraded=services))
                await self.degraded(client, *services)
            # All of it has been read once an answer that came behind it is here.
            await client.presence("bob")
        assert self.reasons(events) == [
            ("degraded", "RabbitMQ"),
            ("degraded", "RabbitMQ, ZooKeeper"),
            ("recovered", ""),
        ]

    async def test_a_new_channel_begins_well_unless_its_node_says_otherwise(
        self, node: ScriptedNode
    ) -> None:
        async with joined([node]) as (client, events):
            await node.say(Status(degraded=("RabbitMQ",)))
            await self.degraded(client, "RabbitMQ")
            node.cut()
            await eventually(lambda: what(events).count("connected") == 2)
            assert client.degraded == ()
            await eventually(lambda: node.channels)
            await node.say(Status(degraded=("RabbitMQ",)))
            await self.degraded(client, "RabbitMQ")
        assert self.reasons(events) == [("degraded", "RabbitMQ")] * 2
