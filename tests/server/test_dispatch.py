"""Dispatch: to the channels here, to the other nodes that have some, and to nobody else."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest

from server.backends import MemoryWorld
from server.batch import Item, decode_batch, encode_batch
from tests.server.rig import Rig, hear
from tests.services.eventually import eventually


async def test_a_message_reaches_a_channel_here_without_the_bus() -> None:
    async with Rig() as rig:
        alice, bob = await rig.join("alice"), await rig.join("bob")
        alice.say("send", id="s-1", to="bob", body={"n": 1})
        [message] = await hear(bob)
        assert (message["from"], message["id"], message["offset"]) == ("alice", "s-1", 1)
        assert message["body"] == {"n": 1}
        assert rig.parts.stats.published == 0


@pytest.mark.parametrize("routing", ["fanout", "direct"])
async def test_a_message_reaches_every_device_on_every_node(
    routing: Literal["fanout", "direct"],
) -> None:
    world = MemoryWorld()
    async with Rig(world, routing=routing) as a, Rig(world) as b, Rig(world) as c:
        alice = await a.join("alice")
        bobs = [await a.join("bob", device="1"), await b.join("bob", device="2")]
        bobs.append(await c.join("bob", device="3"))
        alice.say("send", id="s-1", to="bob", body=1)
        for bob in bobs:
            assert (await hear(bob))[0]["offset"] == 1
        assert a.parts.stats.published == (1 if routing == "fanout" else 2)


async def test_direct_routing_asks_only_the_nodes_concerned() -> None:
    world = MemoryWorld()
    async with Rig(world, routing="direct") as a, Rig(world) as b, Rig(world) as c:
        seen: list[bytes] = []
        await c.bus.open(seen.append, lambda _connected: None)
        alice, bob = await a.join("alice"), await b.join("bob")
        alice.say("send", id="s-1", to="bob", body=1)
        await hear(bob)
        assert seen == []


async def test_nothing_is_published_for_a_user_who_is_away() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        alice.say("send", id="s-1", to="bob", body=1)
        await hear(alice)
        assert rig.parts.stats.published == 0


async def test_messages_of_one_batch_go_in_one_publish() -> None:
    world = MemoryWorld()
    async with Rig(world) as a, Rig(world) as b:
        alice = await a.join("alice")
        bob, carol = await b.join("bob"), await b.join("carol")
        for number, to in enumerate(("bob", "carol", "bob"), 1):
            alice.say("send", id=f"s-{number}", to=to, body=number)
        await hear(bob, 2)
        await hear(carol)
        assert a.parts.stats.published == 1


async def test_a_repetition_whose_place_is_forgotten_makes_channels_look() -> None:
    world = MemoryWorld()
    async with Rig(world) as a, Rig(world) as b:
        alice, bob = await a.join("alice"), await b.join("bob")
        await a.bus.close()
        for number in (1, 2):
            alice.say("send", id=f"s-{number}", to="bob", body=number)
        await hear(alice, 2)
        await a.bus.open(a.parts.receive, lambda _connected: None)
        alice.say("send", id="s-1", to="bob", body=1)
        assert "offset" not in (await hear(alice))[0]
        assert [frame["offset"] for frame in await hear(bob, 2)] == [1, 2]


async def test_a_batch_that_the_bus_does_not_take_is_counted_and_alarms_the_others() -> None:
    world = MemoryWorld()
    async with Rig(world) as a, Rig(world) as b:
        alice, bob = await a.join("alice"), await b.join("bob")
        await a.bus.close()
        alice.say("send", id="s-1", to="bob", body=1)
        assert (await hear(alice))[0]["type"] == "sent"
        assert a.parts.stats.unpublished == 1
        assert (await hear(bob))[0]["offset"] == 1, "found by comparing heads"


async def test_own_batches_and_those_for_others_are_passed_over() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        epoch = rig.inbox.epoch
        rig.parts.receive(encode_batch(rig.node_id, epoch, [Item("bob", 1, b"{}")]))
        rig.parts.receive(encode_batch("other", epoch, [Item("carol", 1, b"not even JSON")]))
        assert not rig.sequence_of("bob").missing
        assert bob.messages() == []
        assert rig.parts.stats.bad_batches == 0


async def test_a_batch_of_another_epoch_makes_the_node_look() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        rig.world.store.wipe()
        rig.parts.receive(encode_batch("other", rig.world.store.epoch, [Item("bob", 1, b"{}")]))
        [frame] = await hear(bob)
        assert (frame["type"], frame["recovered"]) == ("connected", False)
        assert frame["epoch"] == rig.world.store.epoch


@pytest.mark.parametrize(
    "rubbish", [b"", b"\xc1", b"\0" * 500, msgspec.msgpack.encode((2, "n", "e", [], [], []))]
)
async def test_rubbish_is_dropped_and_counted(rubbish: bytes) -> None:
    async with Rig() as rig:
        rig.parts.receive(rubbish)
        assert rig.parts.stats.bad_batches == 1


async def test_unequal_lists_are_dropped_and_counted() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        layout: tuple[object, ...] = (1, "other", rig.inbox.epoch, ["bob"], [1], [])
        rig.parts.receive(msgspec.msgpack.encode(layout))
        assert rig.parts.stats.bad_batches == 1
        assert bob.messages() == []


async def test_an_offset_out_of_nowhere_does_no_lasting_harm() -> None:
    async with Rig() as rig:
        alice, bob = await rig.join("alice"), await rig.join("bob")
        batch = encode_batch("other", rig.inbox.epoch, [Item("bob", 2**60, b"{}")])
        assert decode_batch(batch).users == ["bob"]
        rig.parts.receive(batch)
        await eventually(lambda: not rig.sequence_of("bob").missing)
        alice.say("send", id="s-1", to="bob", body=1)
        [frame] = await hear(bob, 1)
        assert (frame["type"], frame["offset"]) == ("message", 1)
