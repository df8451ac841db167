"""Losing a channel and moving to another, as an application sees it."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from balancer.picker import Picker
from client_sdk import (
    Client,
    Disconnected,
    Happening,
)
from client_sdk import keeper as keeper_module
from client_sdk.resolver_static import StaticResolver
from client_sdk.settings import Settings
from cluster.codes import CloseCode
from cluster.frames import Move
from tests.client_sdk.joined import bodies, has, joined, lagging, what
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually


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

    async def test_for_a_while_it_says_that_it_has_moved(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        async with joined([a], receive_window=2) as (client, _):
            await a.say(Move(url=b.url, within=0.0))
            await eventually(lambda: b.channels)
            b.put("bob", *"12345")
            assert await bodies(client, 5) == [*"12345"]
            assert client.url == b.url  # it has resumed there, perhaps more than once
            await b.kill()
            await eventually(lambda: client.url == a.url)
        assert [connect.moved for connect in a.connects] == [False, True]
        assert len(b.connects) > 1
        assert all(connect.moved for connect in b.connects)

    async def test_a_client_that_resumes_or_is_cut_off_has_not_moved(
        self, nodes: list[ScriptedNode]
    ) -> None:
        async with joined([nodes[0]], receive_window=2) as (client, _):
            nodes[0].put("bob", *"12345")
            assert await bodies(client, 5) == [*"12345"]
            nodes[0].cut()
            await client.send("alice", 1)
        assert len(nodes[0].connects) > 2
        assert not any(connect.moved for connect in nodes[0].connects)

    async def test_a_move_is_forgotten_in_time(
        self, nodes: list[ScriptedNode], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keeper_module, "MOVED_FOR", 0.0)
        a, b = nodes
        async with joined([a]) as (client, _):
            await a.say(Move(url=b.url, within=0.0))
            await eventually(lambda: client.url == b.url)
        assert [connect.moved for connect in b.connects] == [False]

    async def test_lost_before_it_moved_it_has_moved(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        async with joined([a]) as (client, _):
            await a.say(Move(url=b.url, within=300.0))
            await client.send("alice", 1)
            a.cut()
            await eventually(lambda: client.url == b.url)
        assert [connect.moved for connect in b.connects] == [True]

    async def test_without_a_url_it_picks_another_node(self, nodes: list[ScriptedNode]) -> None:
        async with joined(nodes) as (client, _):
            here = next(node for node in nodes if node.url == client.url)
            await here.say(Move(within=0.0))
            await eventually(lambda: client.url not in ("", here.url))

    async def test_without_a_url_and_with_one_address_it_goes_through_that_again(
        self, node: ScriptedNode
    ) -> None:
        """What it knows is a front, which leads to another node now."""
        async with joined([node]) as (client, events):
            await node.say(Move(within=0.0))
            await eventually(lambda: len(node.connects) == 2 and len(node.channels) == 1)
            node.put("bob", "1")
            assert await bodies(client, 1) == ["1"]
        assert node.connects[1].moved
        happened = [event.what for event in events]
        assert Happening.DISCONNECTED not in happened

    async def test_stays_while_the_new_node_is_not_there(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        await b.stop()
        async with joined([a]) as (client, _):
            await a.say(Move(url=b.url, within=0.0))
            await client.send("alice", 1)
            assert client.url == a.url
            await b.start()
            await eventually(lambda: client.url == b.url)

    async def test_stays_when_told_to_go_where_no_url_leads(self, node: ScriptedNode) -> None:
        async with joined([node]) as (client, events):
            await node.say(Move(url="ws://127.0.0.1:99999/ws", within=0.0))
            await eventually(has(events, Happening.MOVING))
            await asyncio.sleep(0)
            assert (await client.send("alice", 1)).offset == 1
        assert "disconnected" not in what(events)

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

    async def test_the_latest_word_of_the_node_counts(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        async with joined([a]) as (client, events):
            await a.say(Move(url="ws://127.0.0.1:9/ws", within=300.0))
            await eventually(has(events, Happening.MOVING))
            await a.say(Move(url=b.url, within=0.0))
            await eventually(lambda: client.url == b.url)
        assert [e.url for e in events if e.what is Happening.MOVING][1:] == [b.url]

    async def test_saying_it_again_puts_nothing_off(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        async with joined([a]) as (client, _):
            await a.say(Move(url=b.url, within=0.05))
            await a.say(Move(url=b.url, within=300.0))
            await eventually(lambda: client.url == b.url)

    async def test_is_never_without_a_channel(self, nodes: list[ScriptedNode]) -> None:
        a, b = nodes
        urls = list[str]()
        async with joined([a]) as (client, events):

            async def look() -> None:
                while True:
                    urls.append(client.url)
                    await asyncio.sleep(0)

            looking = asyncio.create_task(look())
            await a.say(Move(url=b.url, within=0.0))
            await eventually(lambda: client.url == b.url)
            looking.cancel()
        assert set(urls) == {a.url, b.url}
        assert not has(events, Happening.DISCONNECTED)()

    async def test_lost_on_its_way_to_a_silent_node_it_tries_the_others(
        self, nodes: list[ScriptedNode]
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.setblocking(False)
            async with joined(nodes) as (client, _):
                [here] = [node for node in nodes if node.url == client.url]
                url = f"ws://127.0.0.1:{silent.getsockname()[1]}/ws"
                await here.say(Move(url=url, within=0.0))
                asked, _ = await asyncio.get_running_loop().sock_accept(silent)
                with asked:
                    await here.stop()
                    await eventually(lambda: client.url not in ("", here.url))
            with pytest.raises(BlockingIOError):
                silent.accept()

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


class TestAvoiding:
    """Who let go of the client is the last to be asked again. Time stands still here."""

    @pytest.fixture
    async def resolver(self, nodes: list[ScriptedNode]) -> StaticResolver:
        picker = Picker("consistent_hash", clock=lambda: 0.0)
        return StaticResolver([node.url for node in nodes], picker, "bob")

    @pytest.fixture
    async def client(self, resolver: StaticResolver) -> AsyncIterator[Client]:
        client = Client(resolver, Settings("bob"))
        await client.start()
        yield client
        await client.close()

    async def test_a_node_that_asked_to_move(
        self, nodes: list[ScriptedNode], resolver: StaticResolver, client: Client
    ) -> None:
        left = client.url
        here, there = sorted(nodes, key=lambda node: node.url != left)
        await here.say(Move(url=there.url, within=0.0))
        await eventually(lambda: client.url == there.url)
        assert [each.url for each in await resolver.candidates(1.0)] == [there.url, left]

    async def test_a_node_that_stops_in_order(
        self, nodes: list[ScriptedNode], resolver: StaticResolver, client: Client
    ) -> None:
        left = client.url
        here = next(node for node in nodes if node.url == left)
        await here.close_channels(CloseCode.NODE_STOPPING, "restarting")
        await eventually(lambda: client.url not in ("", left))
        assert (await resolver.candidates(1.0))[-1].url == left

    async def test_not_a_node_at_which_it_began_anew(
        self, nodes: list[ScriptedNode], resolver: StaticResolver, client: Client
    ) -> None:
        here = next(node for node in nodes if node.url == client.url)
        await here.say(Move(url=here.url, within=0.0))
        await eventually(lambda: len(here.connects) == 2)
        await eventually(lambda: len(here.channels) == 1)
        assert (await resolver.candidates(1.0))[0].url == here.url
