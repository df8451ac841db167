"""The node: started in the right order, stopped in the right order, whatever happens between."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import socket
import time

import pytest

from cluster.errors import ServiceUnavailable
from cluster.record import NodeRecord
from cluster.registry_memory import MemoryRegistration, MemoryRegistry
from cluster.snapshot import Snapshot
from server import node as node_module
from server.backends import MemoryWorld
from server.node import Node
from server.settings import NodeSettings
from tests.server.embedded import client, make_node, running, url_of
from tests.services.eventually import eventually

LOCAL = NodeSettings(host="127.0.0.1", port=0)


async def test_a_node_is_in_the_registry_while_it_runs() -> None:
    world = MemoryWorld()
    async with running(world, zone="west", weight=3, path="/here") as [node]:
        [record] = world.nodes.entries.values()
        assert record == node.record
        assert record.node_id == node.node_id
        assert record.url == f"ws://127.0.0.1:{record.port}/here"
        assert (record.zone, record.weight, record.state) == ("west", 3, "up")
        assert record.admin == f"127.0.0.1:{node.admin_port}"
        assert abs(record.started - time.time()) < 60
        assert node.snapshot().node_ids() == {node.node_id}
        assert node.ready
    assert world.nodes.entries == {}


async def test_what_is_advertised_is_what_others_see() -> None:
    async with running(advertise=("chat.example.org", 443)) as [node]:
        assert url_of(node) == "ws://chat.example.org:443/ws"


async def test_a_public_url_is_what_clients_are_told() -> None:
    url = "wss://chat.example.org/ws"
    async with running(public_url=url) as [node]:
        assert url_of(node) == url
        assert node.record is not None
        assert node.record.host == "127.0.0.1"


async def test_it_listens_before_it_is_in_the_registry_and_not_longer() -> None:
    world = MemoryWorld()
    node = make_node(LOCAL, world)
    seen: list[bool] = []

    def look(_number: int) -> None:
        seen.append(node._listener is not None and node._listener.is_serving())

    world.nodes.changed.add(look)
    await node.start()
    await node.stop()
    assert seen[:2] == [True, True], "it was serving when it came and when it went"
    assert node._listener is not None
    assert not node._listener.is_serving()


async def test_stopping_tells_the_clients_to_come_back_elsewhere() -> None:
    world = MemoryWorld()
    async with running(world) as [node], client(node, "alice") as alice, client(node) as nobody:
        await node.stop()
        assert (await alice.end()) == ([], 4000)
        assert (await nobody.end()) == ([], 4000)
        assert world.store.channels == {}
        assert world.store.incarnations == set()
        assert not node.ready


async def test_a_handshake_that_comes_during_the_stop_is_sent_elsewhere() -> None:
    """It would be accepted by a node that has taken leave of everything."""
    async with running() as [node]:
        assert node.record is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", node.record.port)
        async with client(node):  # by now the one before has been accepted
            await node.stop()
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 503")
        writer.close()


class StubbornRegistration(MemoryRegistration):
    """An entry that cannot be taken out."""

    async def remove(self) -> None:
        """See `Registration.remove`."""
        raise LookupError("it stays")


class StubbornRegistry(MemoryRegistry):
    """A registry whose entries cannot be taken out."""

    async def register(self, record: NodeRecord) -> MemoryRegistration:
        """See `Registry.register`."""
        return StubbornRegistration(self._nodes, record)


async def test_it_listens_no_more_even_if_it_cannot_leave_the_registry() -> None:
    world = MemoryWorld()
    backends = dataclasses.replace(
        make_node(LOCAL, world).backends, registry=StubbornRegistry(world.nodes)
    )
    node = Node(LOCAL, backends)
    await node.start()
    await node.stop()
    assert node._listener is not None
    assert not node._listener.is_serving()


async def test_stopping_twice_does_no_harm() -> None:
    async with running() as [node]:
        await node.stop()
        await node.stop()


async def test_stopping_before_it_has_started_does_no_harm() -> None:
    node = make_node(LOCAL, MemoryWorld())
    assert node.snapshot() == Snapshot()
    assert not node.ready
    await node.stop()


class SilentRegistry(MemoryRegistry):
    """A registry that answers, and never enters a node."""

    async def register(self, record: NodeRecord) -> MemoryRegistration:
        """See `Registry.register`."""
        never: asyncio.Future[MemoryRegistration] = asyncio.get_running_loop().create_future()
        return await never


async def test_a_registry_that_enters_nobody_counts_as_one_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ZooKeeper may let a node read and not write; `wait` is the limit all the same."""
    monkeypatch.setattr(node_module, "ATTEMPT", 0.05)
    world = MemoryWorld()
    settings = NodeSettings(host="127.0.0.1", port=0, wait=0.0)
    backends = dataclasses.replace(
        make_node(settings, world).backends, registry=SilentRegistry(world.nodes)
    )
    node = Node(settings, backends)
    async with asyncio.timeout(10.0):
        with pytest.raises(ServiceUnavailable, match="did not enter this node"):
            await node.start()
    await node.stop()


async def test_a_port_that_is_taken_leaves_nothing_behind() -> None:
    world = MemoryWorld()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        node = make_node(NodeSettings(host="127.0.0.1", port=port, admin_port=0), world)
        with pytest.raises(OSError, match="in use"):
            await node.start()
        await node.stop()
    assert world.nodes.entries == {}
    assert world.store.incarnations == set()


async def test_what_is_in_flight_is_stored_and_answered_before_the_end() -> None:
    world = MemoryWorld()
    async with running(world, batch_interval=0.3) as [node], client(node, "alice") as alice:
        for number in (1, 2):
            await alice.say("send", id=f"s-{number}", to="bob", body=number)
        await eventually(lambda: node.parts.stats.received == 2)
        await node.stop()
        frames, code = await alice.end()
        assert [frame["id"] for frame in frames] == ["s-1", "s-2"]
        assert code == 4000
    assert world.store.look("bob").head == 2


async def test_acks_are_stored_before_the_end() -> None:
    world = MemoryWorld()
    async with running(world) as [node], client(node, "bob") as bob:
        await bob.say("send", id="s-1", to="bob", body=1)
        await bob.hear_many(2)
        await bob.say("ack", offset=1)
        await bob.nothing_else()
        await node.stop()
    assert world.store.look("bob").cursors == {"default": 1}


async def test_the_load_is_written_when_it_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "LOAD_INTERVAL", 0.02)
    world = MemoryWorld()

    def load() -> int:
        [record] = world.nodes.entries.values()
        return record.load

    async with running(world) as [node]:
        assert load() == 0
        async with client(node, "alice"), client(node, "bob"):
            await eventually(lambda: load() == 2)
        await eventually(lambda: load() == 0)


async def test_loads_are_watched_for_rebalancing_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "LOAD_INTERVAL", 0.02)
    world = MemoryWorld()
    async with running(world) as [one], running(world, rebalance=False) as [other]:
        async with client(other, "bob"):
            await eventually(lambda: [r.load for r in one.snapshot().records] == [0, 1])
            assert [record.load for record in other.snapshot().records] == [0, 0]


async def test_a_node_that_dies_is_swept_by_another() -> None:
    world = MemoryWorld()
    async with running(world, count=2) as [dying, living], client(dying, "bob"):
        await dying.parts.tasks.stop()
        [number] = [n for n, r in world.nodes.entries.items() if r.node_id == dying.node_id]
        world.nodes.remove(number)
        await eventually(lambda: world.store.channels == {})
        await eventually(lambda: world.store.incarnations == {living.node_id})


async def test_a_living_node_that_was_swept_enters_its_channels_anew() -> None:
    world = MemoryWorld()
    async with running(world, count=2) as [swept, sweeper], client(swept, "bob"):
        before = copy.deepcopy(world.store.channels)
        await sweeper.backends.directory.sweep(swept.node_id)
        assert (world.store.channels, world.store.incarnations) == ({}, {sweeper.node_id})
        await eventually(lambda: world.store.channels == before)
        assert world.store.incarnations == {swept.node_id, sweeper.node_id}


async def test_a_store_that_went_back_gives_no_offset_out_twice() -> None:
    world = MemoryWorld()
    async with running(world) as [node], client(node, "bob") as bob:
        for number in range(1, 6):
            await bob.say("send", id=f"s-{number}", to="bob", body=number)
        await bob.hear_many(10)
        inbox = world.store.inbox("bob")
        inbox.head = 3  # as after a failover to a replica that lacked the last two
        inbox.tails.pop()
        inbox.tails.pop()
        node.parts.recovery.store_changed(True)
        await eventually(lambda: inbox.head == 5 and node.parts.recovery.settled)
        await bob.say("send", id="s-6", to="bob", body=6)
        frames = await bob.hear_many(2)
        assert [frame["offset"] for frame in frames] == [6, 6]


async def test_clients_that_connect_during_the_stop_leave_no_ghost() -> None:
    world = MemoryWorld()
    async with running(world) as [node], client(node) as late:
        stopping = asyncio.create_task(node.stop())
        await late.say("connect", user="bob")
        await late.end()
        await stopping
    assert world.store.channels == {}
