"""The client as an application sees it: how it begins and how it ends."""

import asyncio
import traceback
from typing import Any

import pytest

from client_sdk import (
    Client,
    ClientClosed,
    Disconnected,
    Event,
    Happening,
    NoNodeAvailable,
    connect,
)
from cluster.codes import CloseCode, ErrorCode
from cluster.frames import Error
from tests.client_sdk.joined import has, joined, lagging
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually
from tests.services.stalls import quicker_than


class TestConnecting:
    async def test_says_what_it_tried(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        await a.stop()
        b.refuse = (CloseCode.UNAVAILABLE, "the store is away")
        with pytest.raises(NoNodeAvailable) as caught:
            await connect(f"{a.url},{b.url}", user="bob", connect_timeout=1.0)
        assert caught.value.reason == "no node reached within 1 s"
        assert f"{b.url}: the store is away (4004)" in caught.value.tried
        assert any(a.url in line and "refused" in line.lower() for line in caught.value.tried)
        # What went on inside is not put above what it says.
        assert "".join(traceback.format_exception(caught.value)).count("Traceback") == 1

    async def test_a_silent_node_is_left_in_time(self, nodes: list[ScriptedNode]) -> None:
        nodes[0].silent = True
        with pytest.raises(NoNodeAvailable, match=r"no answer within 0.5 s"):
            await connect(nodes[0].url, user="bob", connect_timeout=1.0)

    async def test_a_final_refusal_is_raised_at_once(self, node: ScriptedNode) -> None:
        node.refuse = (CloseCode.BAD_CONNECT, "no such user")
        with pytest.raises(Disconnected, match="no such user"):
            await connect(node.url, user="bob")
        assert len(node.connects) == 1

    async def test_the_reason_of_an_error_frame_is_kept(self, node: ScriptedNode) -> None:
        node.error_before_close = Error(code=ErrorCode.BAD_FRAME, reason="too many devices")
        node.refuse = (CloseCode.BAD_CONNECT, "")
        with pytest.raises(Disconnected, match="too many devices"):
            await connect(node.url, user="bob")

    async def test_waits_as_long_as_the_node_asks(self, node: ScriptedNode) -> None:
        node.http_refusal = (503, "1")
        clock = asyncio.get_running_loop()
        begun = clock.time()
        async with quicker_than(3.0):
            connecting = asyncio.create_task(connect(node.url, user="bob")._open())
            await eventually(lambda: node.refusals)
            node.http_refusal = None
            client = await connecting
        assert clock.time() - begun >= 1.0
        assert node.refusals == 1
        await client.close()

    async def test_tells_user_device_and_token(self, node: ScriptedNode) -> None:
        async def token() -> str:
            return "proof"

        async with joined([node], "bob", device="phone", token=token):
            pass
        (said,) = node.connects
        assert (said.user, said.device, said.token) == ("bob", "phone", "proof")
        assert (said.offset, said.epoch) == (None, None)

    async def test_cancelling_leaves_nothing(self, node: ScriptedNode) -> None:
        node.silent = True
        connecting = asyncio.create_task(connect(node.url, user="bob")._open())
        await eventually(lambda: node.connects)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting

    async def test_a_failing_on_state_does_no_harm(self, node: ScriptedNode) -> None:
        def fail(_event: Event) -> None:
            raise ZeroDivisionError

        async with connect(node.url, user="bob", on_state=fail) as client:
            assert (await client.send("alice", 1)).offset == 1


class TestClosing:
    async def test_waits_for_sends_on_their_way(self, node: ScriptedNode) -> None:
        client = await connect(node.url, user="alice")
        sending = asyncio.create_task(client.send("bob", 1))
        await asyncio.sleep(0)
        await client.close()
        assert (await sending).offset == 1

    async def test_gives_up_those_that_get_no_answer(self, node: ScriptedNode) -> None:
        node.keep_sent_back = True
        client = await connect(node.url, user="alice")
        sending = asyncio.create_task(client.send("bob", 1))
        await lagging(node, "alice", 1)
        await client.close()
        with pytest.raises(ClientClosed):
            await sending

    async def test_ends_the_iteration_and_refuses_sends(self, node: ScriptedNode) -> None:
        client = await connect(node.url, user="bob")
        iterating = asyncio.create_task(self.collect(client))
        await asyncio.sleep(0)
        await asyncio.gather(client.close(), client.close())
        assert await iterating == []
        with pytest.raises(ClientClosed):
            await client.send("alice", 1)
        await eventually(lambda: not node.channels)

    async def test_what_is_left_comes_on_the_next_connect_alone(self, node: ScriptedNode) -> None:
        client = await connect(node.url, user="bob")
        node.put("bob", "1", "2", "3")
        await eventually(lambda: client._receiver.position.offset == 3)
        assert (await anext(client)).body == "1"
        client.handled()
        await client.close()
        assert await self.collect(client) == []
        async with connect(node.url, user="bob") as again:
            assert [(await anext(again)).body for _ in range(2)] == ["2", "3"]

    async def collect(self, client: Client) -> list[Any]:
        return [message.body async for message in client]

    async def test_while_no_node_is_there(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            await node.kill()
            await eventually(has(events, Happening.RETRYING))
        with pytest.raises(ClientClosed):
            await client.send("alice", 1)
