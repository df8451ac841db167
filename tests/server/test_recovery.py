"""Recovery: after anything the node's picture and the store's agree again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from cluster.frames import message_frame
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot
from server import recovery
from server.batch import encode_batch
from server.degradation import Degradation
from server.directory_memory import MemoryDirectory
from server.hub import Hub
from server.inbox_memory import MemoryInbox
from server.memory_store import MemoryStore
from server.recovery import Recovery
from server.welcome import Welcome
from tests.server.faults import nothing
from tests.server.lines import Line
from tests.server.rig import Rig, hear
from tests.services.eventually import eventually


def snapshot(*node_ids: str, stale: bool = False) -> Snapshot:
    """Return what the registry may show."""
    records = (NodeRecord(node_id=n, host="h", port=1, url="ws://h:1/ws") for n in node_ids)
    return Snapshot(tuple(records), 1, time.monotonic(), stale, complete=not stale)


def lose(rig: Rig, user: str, count: int = 1) -> None:
    """Store messages of which no node is ever told."""
    for number in range(1, count + 1):
        rig.world.store.inbox(user).append(b'"from":"a","id":"s-%d","time":9e9,"body":1}' % number)


async def test_comparing_heads_finds_what_was_lost() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        lose(rig, "bob", 3)
        rig.parts.recovery.compare_heads()
        assert [frame["offset"] for frame in await hear(bob, 3)] == [1, 2, 3]


async def test_heads_of_many_users_are_asked_for_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "CHUNK", 2)
    async with Rig() as rig:
        peers = [await rig.join(f"u{number}") for number in range(5)]
        for number in range(5):
            lose(rig, f"u{number}")
        rig.parts.recovery.compare_heads()
        for peer in peers:
            assert (await hear(peer))[0]["offset"] == 1


async def test_while_the_bus_is_away_heads_are_polled() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        rig.parts.recovery.set_degraded("RabbitMQ", True)
        assert (await hear(bob)) == [{"type": "status", "degraded": ["RabbitMQ"]}]
        for offset in (1, 2):
            lose(rig, "bob")
            assert (await hear(bob, within=3))[0]["offset"] == offset
        rig.parts.recovery.set_degraded("RabbitMQ", False)
        assert (await hear(bob)) == [{"type": "status", "degraded": []}]


async def test_a_node_that_leaves_may_have_had_messages_in_hand() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        rig.parts.recovery.look_at(snapshot(rig.node_id, "other"))
        lose(rig, "bob")
        rig.parts.recovery.look_at(snapshot(rig.node_id))
        assert (await hear(bob))[0]["offset"] == 1


async def test_a_node_that_was_swept_by_mistake_enters_itself_anew() -> None:
    async with Rig() as rig:
        await rig.join("bob")
        rig.parts.recovery.look_at(snapshot(rig.node_id))
        rig.parts.recovery.look_at(snapshot("other"))
        await rig.directory.sweep(rig.node_id)
        assert rig.world.store.channels == {}
        rig.parts.recovery.look_at(snapshot(rig.node_id, "other"))
        await eventually(lambda: "bob" in rig.world.store.channels)
        assert rig.node_id in rig.world.store.incarnations


class BusyDirectory(MemoryDirectory):
    """A directory in which something happens after the first channel was entered."""

    def __init__(self, store: MemoryStore, node_id: str) -> None:
        super().__init__(store, node_id)
        # What happens.
        self.meanwhile: Callable[[], object] = nothing

    async def add(self, user: str, channel_id: str) -> None:
        """See `Directory.add`."""
        await super().add(user, channel_id)
        happens, self.meanwhile = self.meanwhile, nothing
        happens()


async def test_who_leaves_while_all_are_entered_anew_is_no_ghost() -> None:
    store, hub = MemoryStore(), Hub(lambda _flush: None)
    directory, inbox, degradation = BusyDirectory(store, "n1"), MemoryInbox(store), Degradation()
    welcome = Welcome("n1", inbox, degradation, 25.0)
    await inbox.open()
    await directory.register_node()
    made = Recovery("n1", hub, directory, inbox, welcome, degradation)
    channels = [Line().channel for _ in range(2)]
    for number, channel in enumerate(channels):
        channel.id = f"c{number}"
        hub.add(channel)
    directory.meanwhile = lambda: hub.remove(channels[1])
    made.register_all()
    running = asyncio.create_task(made.run())
    await eventually(lambda: bool(store.channels))
    assert store.channels == {"alice": {"c0": "n1"}}
    running.cancel()


async def test_a_stale_snapshot_is_told_and_its_end_enters_the_node_anew() -> None:
    async with Rig() as rig:
        await rig.join("bob")
        rig.parts.recovery.look_at(snapshot(rig.node_id, stale=True))
        assert rig.parts.degradation.reasons == {"ZooKeeper"}
        rig.world.store.channels.clear()
        rig.parts.recovery.look_at(snapshot(rig.node_id))
        await eventually(lambda: "bob" in rig.world.store.channels)
        assert rig.parts.degradation.reasons == set()


async def test_a_wiped_store_is_noticed_by_itself() -> None:
    """Nobody sends, nobody connects: a client has to be told all the same."""
    async with Rig() as rig:
        bob = await rig.join("bob")
        lose(rig, "bob", 3)
        rig.parts.recovery.compare_heads()
        await hear(bob, 3)
        rig.world.store.wipe()
        [frame] = await hear(bob)
        assert (frame["type"], frame["recovered"], frame["offset"]) == ("connected", False, 0)
        assert frame["epoch"] == rig.world.store.epoch
        assert "bob" in rig.world.store.channels
        lose(rig, "bob")
        rig.parts.recovery.compare_heads()
        assert (await hear(bob))[0]["offset"] == 1


async def test_what_comes_before_a_client_is_told_of_a_new_epoch_waits_and_comes_once() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")

        def come() -> None:
            rig.inbox.meanwhile = nothing
            lose(rig, "bob")
            [tail] = rig.world.store.inbox("bob").tails
            rig.parts.hub.deliver("bob", 1, message_frame(1, tail))

        rig.inbox.meanwhile = come
        rig.world.store.wipe()
        frames = await hear(bob, 2)
        assert [frame["type"] for frame in frames] == ["connected", "message"]
        await eventually(lambda: rig.parts.stats.replayed == 1)
        bob.say("ping")
        assert await hear(bob) == [{"type": "pong"}]


async def test_what_was_known_of_an_epoch_that_is_over_is_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        lose(rig, "bob", 3)
        rig.parts.recovery.compare_heads()
        await hear(bob, 3)
        rig.world.store.wipe()
        await hear(bob)
        lose(rig, "bob")
        rig.parts.recovery.compare_heads()
        assert (await hear(bob))[0]["offset"] == 1
        sequence = rig.sequence_of("bob")
        assert (sequence.next, sequence.head) == (2, 1)
    assert "lacks offset" not in caplog.text


async def test_a_batch_of_another_epoch_alone_is_no_reason_to_enter_all_channels_anew() -> None:
    """It may come late, or from a node that works with another store."""
    async with Rig() as rig:
        await rig.join("bob")
        rig.world.store.channels.clear()
        opened = rig.inbox.opened
        rig.parts.dispatch.receive(encode_batch("another node", "another epoch", []))
        await eventually(lambda: rig.inbox.opened == opened + 1)
        assert rig.world.store.channels == {}


async def test_it_goes_on_after_an_outage() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        lose(rig, "bob")
        rig.inbox.away = True
        rig.parts.recovery.compare_heads()
        rig.parts.recovery.register_all()
        rig.world.store.channels.clear()
        await eventually(lambda: "bob" in rig.world.store.channels)
        rig.inbox.away = False
        assert (await hear(bob))[0]["offset"] == 1


async def test_an_alarm_reaches_every_node() -> None:
    async with Rig() as one, Rig(one.world) as other:
        bob = await other.join("bob")
        lose(one, "bob")
        one.parts.recovery.alarm_others()
        assert (await hear(bob))[0]["offset"] == 1
