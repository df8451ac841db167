"""The client as an application sees it, against scripted nodes on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from client_sdk import (
    Client,
    ClientClosed,
    Disconnected,
    Event,
    Happening,
    InvalidBody,
    InvalidName,
    NoNodeAvailable,
    SendRejected,
    SendTimeout,
    connect,
)
from client_sdk.pacing import BASE
from cluster.codes import CloseCode, ErrorCode
from cluster.frames import Connected, Error, Move
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually


@asynccontextmanager
async def joined(
    nodes: list[ScriptedNode], user: str = "bob", **options: Any
) -> AsyncIterator[tuple[Client, list[Event]]]:
    """Connect to the nodes; gives the client and the list in which its events appear."""
    events = list[Event]()
    address = ",".join(node.url for node in nodes)
    async with connect(address, user=user, on_state=events.append, **options) as client:
        yield client, events


async def bodies(client: Client, count: int) -> list[Any]:
    async with asyncio.timeout(10):
        return [(await anext(client)).body for _ in range(count)]


def what(events: list[Event]) -> list[str]:
    return [event.what.value for event in events]


def has(events: list[Event], happening: Happening) -> Callable[[], bool]:
    return lambda: any(event.what is happening for event in events)


async def lagging(node: ScriptedNode, user: str, count: int) -> None:
    """Wait until a node has seen so many sends."""
    await eventually(lambda: len(node.sends) >= count)


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
        async with joined([node], "alice", send_timeout=0.1) as (client, _):
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
        async with joined([node], "alice", send_timeout=1.0) as (client, _):
            first = asyncio.create_task(client.send("bob", "first"))
            await lagging(node, "alice", 1)
            with pytest.raises(SendTimeout):
                await first
            node.store.up = True
            assert (await client.send("bob", "second")).offset == 1
        assert len(node.store.inboxes["bob"].tails) == 1
        assert len(node.connects) == 2


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
            await eventually(lambda: node.acks == [2])
        assert node.acks == [2, 3]

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

    async def test_a_store_that_was_wiped_under_an_open_channel(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            node.put("bob", "1", "2")
            await bodies(client, 2)
            node.store.wipe()
            node.channels[0].next = 1
            answer = {"channel": "c", "node": "a", "heartbeat": 25.0}
            await node.say(
                Connected(**answer, epoch=node.store.epoch, offset=0, recovered=False)  # type: ignore[arg-type]
            )
            node.put("bob", "new")
            assert await bodies(client, 1) == ["new"]
            assert client.recovered is False
        assert "messages_lost" in what(events)

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


class TestReconnecting:
    async def test_resends_what_was_not_confirmed(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        a.keep_sent_back = True
        async with joined([a], "alice") as (client, _):
            sending = [asyncio.create_task(client.send("bob", n)) for n in range(10)]
            await lagging(a, "alice", 10)
            a.keep_sent_back = False
            a.cut()
            sent = await asyncio.gather(*sending)
        assert len(b.store.inboxes["bob"].tails) == 10
        assert [s.offset for s in sent if s.offset] == [10]  # the place of the others is forgotten

    async def test_goes_to_another_node(self, nodes: list[ScriptedNode]) -> None:
        async with joined(nodes) as (client, events):
            here = next(node for node in nodes if node.url == client.url)
            await here.kill()
            await eventually(lambda: client.url not in ("", here.url))
            other = next(node for node in nodes if node is not here)
            assert client.node == other.name
            await client.send("alice", 1)
        assert what(events)[:3] == ["connected", "disconnected", "connected"]

    async def test_keeps_trying_until_a_node_is_back(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            await node.kill()
            await eventually(has(events, Happening.RETRYING))
            assert client.url == ""
            await node.start()
            node.put("bob", "1")
            assert await bodies(client, 1) == ["1"]

    async def test_a_stopping_node_is_left(self, nodes: list[ScriptedNode]) -> None:
        async with joined(nodes) as (client, events):
            here = next(node for node in nodes if node.url == client.url)
            await here.stop()
            await eventually(lambda: client.url not in ("", here.url))
        assert str(int(CloseCode.NODE_STOPPING)) in [e.code for e in events]

    async def test_does_not_return_after_a_final_code(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            node.put("bob", "1")
            await eventually(lambda: client._receiver.position.offset == 1)
            await node.close_channels(CloseCode.AUTHENTICATION_FAILED, "token revoked")
            await eventually(has(events, Happening.ENDED))
            assert await bodies(client, 1) == ["1"]
            for _ in range(2):
                with pytest.raises(Disconnected, match=r"4501.*token revoked"):
                    await anext(client)
                with pytest.raises(Disconnected):
                    await client.send("alice", 1)
        assert len(node.connects) == 1

    async def test_sends_on_their_way_raise_a_final_code(self, node: ScriptedNode) -> None:
        node.keep_sent_back = True
        async with joined([node]) as (client, _):
            sending = asyncio.create_task(client.send("alice", 1))
            await lagging(node, "bob", 1)
            await node.close_channels(CloseCode.MESSAGE_TOO_BIG, "too big")
            with pytest.raises(Disconnected, match="1009"):
                await sending

    async def test_a_new_token_when_the_old_one_expires(self, node: ScriptedNode) -> None:
        tokens = iter(["first", "second"])
        async with joined([node], token=lambda: next(tokens)) as (client, events):
            await node.close_channels(CloseCode.TOKEN_EXPIRED, "expired")
            await eventually(lambda: what(events).count("connected") == 2)
            await client.send("alice", 1)
        assert [connect.token for connect in node.connects] == ["first", "second"]

    async def test_a_fixed_token_that_expires_ends_it(self, node: ScriptedNode) -> None:
        async with joined([node], token="only") as (client, _):
            await node.close_channels(CloseCode.TOKEN_EXPIRED, "expired")
            with pytest.raises(Disconnected, match="4502"):
                await anext(client)


class TestMoving:
    async def test_opens_the_new_channel_before_it_leaves(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        async with joined([a]) as (client, events):
            a.put("bob", "1")
            assert await bodies(client, 1) == ["1"]
            await a.say(Move(url=b.url, within=0.05))
            await eventually(lambda: client.url == b.url)
            await eventually(lambda: not a.channels)
            b.put("bob", "2")
            assert await bodies(client, 1) == ["2"]
        assert b.connects[0].offset == 1
        assert what(events) == ["connected", "moving", "connected", "ended"]

    async def test_without_a_url_it_picks_another_node(self, nodes: list[ScriptedNode]) -> None:
        async with joined(nodes) as (client, _):
            here = next(node for node in nodes if node.url == client.url)
            await here.say(Move(within=0.0))
            await eventually(lambda: client.url not in ("", here.url))

    async def test_stays_while_the_new_node_is_not_there(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        await b.stop()
        async with joined([a]) as (client, _):
            await a.say(Move(url=b.url, within=0.0))
            await client.send("alice", 1)
            assert client.url == a.url
            await b.start()
            await eventually(lambda: client.url == b.url)

    async def test_lost_while_it_waits_it_goes_there_at_once(
        self, nodes: list[ScriptedNode]
    ) -> None:
        a, b = nodes
        async with joined([a]) as (client, _):
            await a.say(Move(url=b.url, within=300.0))
            await client.send("alice", 1)
            a.cut()
            await eventually(lambda: client.url == b.url)

    async def test_a_resume_does_not_wait_for_the_moment_to_move(
        self, nodes: list[ScriptedNode]
    ) -> None:
        a, b = nodes
        async with joined([a], receive_window=2) as (client, _):
            a.put("bob", *"12345")
            await a.say(Move(url=b.url, within=300.0))
            assert await bodies(client, 5) == [*"12345"]
            assert client.url == b.url

    async def test_a_stream_is_whole_through_many_moves(self, nodes: list[ScriptedNode]) -> None:
        async with joined([nodes[0]], "alice") as (alice, _), joined([nodes[0]]) as (bob, _):
            sending = asyncio.create_task(self.send_all(alice, 300))
            received = list[int]()
            for turn in range(6):
                received += await bodies(bob, 50)
                here, there = nodes[turn % 2], nodes[(turn + 1) % 2]
                await here.say(Move(url=there.url, within=0.01))
            await sending
        assert received == list(range(300))

    async def send_all(self, client: Client, count: int) -> None:
        for n in range(count):
            await client.send("bob", n)


class TestConnecting:
    async def test_says_what_it_tried(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        await a.stop()
        b.refuse = (CloseCode.UNAVAILABLE, "the store is away")
        with pytest.raises(NoNodeAvailable) as caught:
            await connect(f"{a.url},{b.url}", user="bob", connect_timeout=0.3)
        assert caught.value.reason == "no node reached within 0.3 s"
        assert f"{b.url}: the store is away (4004)" in caught.value.tried
        assert any(a.url in line and "refused" in line.lower() for line in caught.value.tried)

    async def test_a_silent_node_is_left_in_time(self, nodes: list[ScriptedNode]) -> None:
        nodes[0].silent = True
        with pytest.raises(NoNodeAvailable, match=r"no answer within 0.1 s"):
            await connect(nodes[0].url, user="bob", connect_timeout=0.2)

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
        connecting = asyncio.create_task(connect(node.url, user="bob")._open())
        begun = clock.time()
        await eventually(lambda: node.port)
        await asyncio.wait([connecting], timeout=2 * BASE)
        node.http_refusal = None
        client = await connecting
        assert 1.0 <= clock.time() - begun < 3.0
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

    async def collect(self, client: Client) -> list[Any]:
        return [message.body async for message in client]

    async def test_while_no_node_is_there(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            await node.kill()
            await eventually(has(events, Happening.RETRYING))
        with pytest.raises(ClientClosed):
            await client.send("alice", 1)
