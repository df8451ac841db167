"""Receiving, as an application sees it."""

import asyncio
from functools import partial

import pytest

from client_sdk import (
    Happening,
    connect,
)
from cluster.frames import Connected
from tests.client_sdk.joined import bodies, has, joined, what
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually


def acknowledged(node: ScriptedNode, offset: int) -> bool:
    return node.acks[-1:] == [offset]


class TestReceiving:
    async def test_in_order_and_each_once(self, node: ScriptedNode) -> None:
        node.mangle = lambda frame: (frame, frame)
        async with joined([node]) as (client, _):
            node.put("bob", "1", "2", "3")
            assert await bodies(client, 3) == ["1", "2", "3"]
            assert (client.epoch, client.offset) == (node.store.epoch, 3)

    async def test_what_was_missed_comes_on_connect(self, node: ScriptedNode) -> None:
        node.put("bob", "1", "2", "3")
        async with joined([node], offset=1, epoch=node.store.epoch) as (client, _):
            assert await bodies(client, 2) == ["2", "3"]
            assert client.recovered

    async def test_a_hole_is_filled_by_resuming(self, node: ScriptedNode) -> None:
        lost = iter([True])

        def lose_the_second(frame: bytes) -> tuple[bytes, ...]:
            return () if b'"offset":2,' in frame and next(lost, False) else (frame,)

        node.mangle = lose_the_second
        async with joined([node]) as (client, events):
            node.put("bob", "1", "2", "3")
            assert await bodies(client, 3) == ["1", "2", "3"]
        assert node.connects[1].offset == 1
        assert "a message before 3 is missing" in [e.reason for e in events]

    async def test_after_a_cut_it_resumes_where_it_was(self, nodes: list[ScriptedNode]) -> None:
        async with joined(nodes) as (client, events):
            nodes[0].put("bob", "1", "2")
            assert await bodies(client, 2) == ["1", "2"]
            for node in nodes:
                node.cut()
            await eventually(has(events, Happening.DISCONNECTED))
            nodes[0].put("bob", "3")
            assert await bodies(client, 1) == ["3"]
        assert what(events) == ["connected", "disconnected", "connected", "ended"]

    async def test_acknowledges_what_was_handled(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, _):
            node.put("bob", "1", "2", "3")
            await bodies(client, 3)
            await eventually(lambda: node.acks[-1:] == [2])
        assert node.acks[-1] == 3
        assert node.acks == sorted(set(node.acks))

    async def test_acknowledges_soon(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, _):
            for offset in range(1, 6):
                node.put("bob", str(offset))
                await bodies(client, 1)
                client.handled()
                # Not later than the interval, plus what a busy machine takes for itself.
                await eventually(partial(acknowledged, node, offset), within=0.2 + 0.3)

    async def test_acknowledges_not_what_failed(self, node: ScriptedNode) -> None:
        with pytest.raises(ZeroDivisionError):
            await self.fail_at_the_second(node)
        assert node.acks == [1]
        async with joined([node]) as (client, _):
            assert await bodies(client, 1) == ["2"]

    async def fail_at_the_second(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, _):
            node.put("bob", "1", "2")
            await bodies(client, 2)
            raise ZeroDivisionError

    async def test_explicitly_handled(self, node: ScriptedNode) -> None:
        client = await connect(node.url, user="bob")
        node.put("bob", "1")
        await bodies(client, 1)
        client.handled()
        await client.close()
        assert node.acks == [1]

    async def test_a_full_queue_leaves_the_rest_in_the_inbox(self, node: ScriptedNode) -> None:
        node.put("bob", *(f"m{n}" for n in range(50)))
        async with joined([node], offset=0, epoch=node.store.epoch, receive_window=8) as (
            client,
            events,
        ):
            # Confirmations still arrive while messages are refused.
            await client.send("alice", "still here")
            assert await bodies(client, 50) == [f"m{n}" for n in range(50)]
        assert 5 <= len(node.connects) <= 12
        assert "disconnected" not in what(events)

    async def test_messages_that_are_not_kept_any_more(self, node: ScriptedNode) -> None:
        node.put("bob", *"12345")
        node.store.trim("bob", 3)
        async with joined([node], offset=1, epoch=node.store.epoch) as (client, events):
            assert client.recovered is False
            assert await bodies(client, 2) == ["4", "5"]
        assert what(events)[:2] == ["connected", "messages_lost"]

    async def test_a_store_that_was_wiped(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            node.put("bob", "1", "2", "3")
            await bodies(client, 3)
            node.store.wipe()
            node.cut()
            await eventually(has(events, Happening.MESSAGES_LOST))
            node.put("bob", "new")
            assert await bodies(client, 1) == ["new"]
            assert (client.epoch, client.offset) == (node.store.epoch, 1)
        # The ack that was due for the old offset 3 must not be taken for the new one.
        assert node.acks[-1] == 1

    async def test_two_tasks_must_not_iterate(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, _):
            first = asyncio.create_task(anext(client))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="two tasks"):
                await anext(client)
            node.put("bob", "1")
            assert (await first).body == "1"

    async def test_a_cancelled_wait_loses_nothing(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, _):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await anext(client)
            node.put("bob", "1")
            assert await bodies(client, 1) == ["1"]

    async def test_frames_of_a_later_version_and_rubbish_are_left_out(
        self, node: ScriptedNode
    ) -> None:
        async with joined([node]) as (client, _):
            await node.say(b'{"type":"from_the_future","x":1}')
            await node.say(b"rubbish")
            node.put("bob", "1")
            assert await bodies(client, 1) == ["1"]
        assert len(node.connects) == 1


class TestBeginningAnew:
    """`connected` comes again on an open channel."""

    async def say(self, node: ScriptedNode, offset: int) -> None:
        """Have the node begin anew behind an offset of its store, as real ones do."""
        node.channels[0].next = offset + 1
        await node.say(
            Connected(
                channel="c",
                node="a",
                epoch=node.store.epoch,
                offset=offset,
                recovered=False,
                heartbeat=25.0,
            )
        )

    async def test_in_a_new_epoch(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            node.put("bob", "1", "2")
            await bodies(client, 2)
            node.store.wipe()
            await self.say(node, 0)
            node.put("bob", "new", "newer")
            assert await bodies(client, 2) == ["new", "newer"]
            assert client.recovered is False
            assert (client.epoch, client.offset) == (node.store.epoch, 2)
        assert what(events) == ["connected", "connected", "messages_lost", "ended"]
        assert node.acks[-1] == 2
        assert len(node.connects) == 1

    async def test_what_was_received_before_is_handed_out_and_not_acknowledged(
        self, node: ScriptedNode
    ) -> None:
        async with joined([node]) as (client, events):
            node.put("bob", "1", "2", "3")
            await eventually(lambda: client._receiver.position.offset == 3)
            node.store.wipe()
            await self.say(node, 0)
            await eventually(has(events, Happening.MESSAGES_LOST))
            assert await bodies(client, 3) == ["1", "2", "3"]
            client.handled()
            assert (client.epoch, client.offset) == (node.store.epoch, 0)
            node.put("bob", "new")
            assert await bodies(client, 1) == ["new"]
        assert node.acks == [1]

    async def test_behind_messages_that_are_not_kept(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            node.put("bob", "1")
            assert await bodies(client, 1) == ["1"]
            node.mangle = lambda _frame: ()
            node.put("bob", "2", "3", "4")
            await eventually(lambda: node.channels[0].next == 5)
            node.mangle = lambda frame: (frame,)
            node.store.trim("bob", 3)
            await self.say(node, 3)
            node.wake("bob")
            assert await bodies(client, 1) == ["4"]
            assert client.recovered is False
            assert (client.epoch, client.offset) == (node.store.epoch, 4)
        assert what(events) == ["connected", "connected", "messages_lost", "ended"]
        assert node.acks[-1] == 4
        assert len(node.connects) == 1

    @pytest.mark.parametrize("offset", [0, 1, 3])
    async def test_where_it_has_been_already(self, node: ScriptedNode, offset: int) -> None:
        async with joined([node]) as (client, events):
            node.put("bob", "1", "2", "3")
            assert await bodies(client, 2) == ["1", "2"]
            await eventually(lambda: client._receiver.position.offset == 3)
            await self.say(node, offset)
            node.put("bob", "4")
            assert await bodies(client, 2) == ["3", "4"]
            assert client.recovered is True
        assert what(events) == ["connected", "ended"]
        assert node.acks[-1] == 4
        assert len(node.connects) == 1

    async def test_with_a_full_queue(self, node: ScriptedNode) -> None:
        async with joined([node], receive_window=2) as (client, _):
            node.put("bob", *"12345")
            # By the time of the answer, the messages before it have been refused.
            await client.send("alice", "x")
            await self.say(node, 4)
            assert await bodies(client, 5) == [*"12345"]
            assert client.recovered is True
