"""Sending, as an application sees it."""

import asyncio

import pytest

from client_sdk import (
    Happening,
    InvalidBody,
    InvalidName,
    SendRejected,
    SendTimeout,
)
from cluster.codes import ErrorCode
from tests.client_sdk.joined import has, joined, lagging, what
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually


class TestSending:
    async def test_returns_when_stored(self, node: ScriptedNode) -> None:
        async with joined([node], "alice") as (client, _):
            first = await client.send("bob", {"text": "hello"})
            second = await client.send("bob", ["any", 1, None])
        assert (first.offset, second.offset) == (1, 2)
        assert first.id.endswith("-1")
        assert node.sends[0].id == first.id
        assert node.bodies[0] == {"text": "hello"}

    async def test_reaches_the_other_side(self, nodes: list[ScriptedNode]) -> None:
        async with joined([nodes[0]], "alice") as (alice, _), joined([nodes[1]]) as (bob, _):
            await alice.send("bob", {"text": "hello"})
            message = await anext(bob)
        assert (message.sender, message.body) == ("alice", {"text": "hello"})
        assert (message.offset, message.id) == (1, nodes[0].sends[0].id)
        assert message.time > 0

    async def test_many_at_once_keep_their_order(self, node: ScriptedNode) -> None:
        async with joined([node], "alice", send_window=8) as (client, _):
            await asyncio.gather(*(client.send("bob", n) for n in range(100)))
        assert node.bodies == list(range(100))

    async def test_no_more_than_the_window_is_unconfirmed(self, node: ScriptedNode) -> None:
        node.keep_sent_back = True
        async with joined([node], "alice", send_window=3) as (client, _):
            sending = [asyncio.create_task(client.send("bob", n)) for n in range(10)]
            await lagging(node, "alice", 3)
            node.keep_sent_back = False
            node.cut()
            await asyncio.gather(*sending)
        assert node.bodies[:6] == [0, 1, 2] * 2
        assert len(node.store.inboxes["bob"].tails) == 10

    async def test_refused_for_good(self, node: ScriptedNode) -> None:
        node.reject["nobody"] = (ErrorCode.BAD_NAME, "no such name")
        async with joined([node], "alice") as (client, events):
            with pytest.raises(SendRejected, match=r"bad_name.*no such name") as caught:
                await client.send("nobody", 1)
            await client.send("bob", 2)
        assert caught.value.code == "bad_name"
        assert not has(events, Happening.REFUSED)()

    async def test_refused_here_already(self, node: ScriptedNode) -> None:
        async with joined([node], "alice", max_size=200) as (client, _):
            with pytest.raises(InvalidName):
                await client.send("", 1)
            with pytest.raises(InvalidBody, match="exceeds 200 bytes"):
                await client.send("bob", "x" * 200)
            with pytest.raises(InvalidBody, match="unsupported"):
                await client.send("bob", object())
            assert (await client.send("bob", "x")).offset == 1
        assert len(node.sends) == 1

    async def test_an_unconfirmed_send_times_out(self, node: ScriptedNode) -> None:
        node.keep_sent_back = True
        async with joined([node], "alice", send_timeout=0.5) as (client, _):
            with pytest.raises(SendTimeout, match="may have been stored") as caught:
                await client.send("bob", 1)
        assert caught.value.id == node.sends[0].id

    async def test_one_that_was_never_written_says_so(self, node: ScriptedNode) -> None:
        async with joined([node], "alice", send_timeout=0.1) as (client, events):
            await node.kill()
            await eventually(has(events, Happening.DISCONNECTED))
            with pytest.raises(SendTimeout, match="it was not sent"):
                await client.send("bob", 1)
            await node.start()

    async def test_what_is_not_durable_returns_when_written(
        self, nodes: list[ScriptedNode]
    ) -> None:
        async with joined([nodes[0]], "alice") as (alice, _), joined([nodes[1]]) as (bob, _):
            sent = await alice.send("bob", "typing", durable=False)
            message = await anext(bob)
        assert sent.offset is None
        assert (message.offset, message.body) == (None, "typing")

    async def test_a_refusal_nobody_waits_for_is_reported(self, node: ScriptedNode) -> None:
        node.reject["nobody"] = (ErrorCode.BAD_NAME, "no such name")
        async with joined([node], "alice") as (client, events):
            await client.send("nobody", 1, durable=False)
            await eventually(has(events, Happening.REFUSED))
        assert any(e.code == "bad_name" and e.reason == "no such name" for e in events)

    async def test_a_cancelled_send_is_not_sent_again(self, node: ScriptedNode) -> None:
        node.keep_sent_back = True
        async with joined([node], "alice") as (client, events):
            sending = asyncio.create_task(client.send("bob", "cancelled"))
            await lagging(node, "alice", 1)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            node.keep_sent_back = False
            node.cut()
            await eventually(lambda: what(events).count("connected") == 2)
            await client.send("bob", "kept")
        assert node.bodies == ["cancelled", "kept"]


class TestStoreAway:
    async def test_sends_wait_and_arrive_in_order(self, node: ScriptedNode) -> None:
        node.store.up = False
        async with joined([node], "alice") as (client, events):
            sending = [asyncio.create_task(client.send("bob", n)) for n in range(20)]
            await lagging(node, "alice", 22)
            node.store.up = True
            offsets = [sent.offset for sent in await asyncio.gather(*sending)]
        assert offsets == list(range(1, 21))
        assert "disconnected" not in what(events)
        # While the store was away, only the probe was sent again.
        assert node.bodies[20:22] == [0, 0]

    async def test_one_that_timed_out_does_not_hold_up_the_others(self, node: ScriptedNode) -> None:
        node.store.up = False
        async with joined([node], "alice", send_timeout=2.0) as (client, _):
            first = asyncio.create_task(client.send("bob", "first"))
            await lagging(node, "alice", 1)
            with pytest.raises(SendTimeout):
                await first
            # With this answer, the node has seen the last copy of it.
            await client.presence("bob")
            node.store.up = True
            assert (await client.send("bob", "second")).offset == 1
        assert len(node.store.inboxes["bob"].tails) == 1
        assert len(node.connects) == 2
