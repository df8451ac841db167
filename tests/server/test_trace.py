"""The trace: the way of a message, read off the journals of nodes that carried it."""

from __future__ import annotations

from collections.abc import Sequence

from server.backends import MemoryWorld
from server.batch import Item, encode_batch
from server.journal import Journal
from server.trace import Event, OpenChannel, Place, trace
from tests.server.rig import Rig, hear
from tests.services.eventually import eventually


def traced(rig: Rig, id: str, places: Sequence[Place] = ()) -> list[Event]:
    """Return what a node's journal tells."""
    users = rig.parts.hub.users
    return trace(
        rig.parts.journal.entries(),
        id,
        places,
        lambda user: [OpenChannel(c.id, c.device, c.sequence.next) for c in users.get(user, ())],
    )


def kinds(events: Sequence[Event]) -> list[str]:
    """Return what happened, in order."""
    return [event.event for event in events]


def place_of(events: Sequence[Event]) -> Place:
    """Return the one place that events tell of."""
    [place] = {event.place for event in events if event.place is not None}
    return place


async def acknowledged(rig: Rig) -> None:
    """Return when an acknowledgement has been noted."""
    await eventually(lambda: "Acknowledged" in str(rig.parts.journal.entries()))


async def test_a_message_within_one_node() -> None:
    async with Rig() as rig:
        alice, bob = await rig.join("alice"), await rig.join("bob", device="phone")
        alice.say("send", id="s-1", to="bob", body={"id": "s-2"})
        await hear(bob)
        bob.say("ack", offset=1)
        await acknowledged(rig)
        events = traced(rig, "s-1")
        assert kinds(events) == ["taken", "stored", "delivered", "acknowledged"]
        taken, stored, delivered, ack = events
        assert (taken.sender, taken.to, taken.offset) == ("alice", "bob", None)
        assert (stored.offset, stored.nodes) == (1, (rig.node_id,))
        assert (delivered.device, delivered.offset) == ("phone", 1)
        assert (ack.device, ack.up_to) == ("phone", 1)
        assert taken.time <= stored.time <= ack.time
        assert traced(rig, "s-2") == [], "what stands in a body is no id"


async def test_a_message_that_crosses_nodes() -> None:
    world = MemoryWorld()
    async with Rig(world) as a, Rig(world) as b:
        alice, bob = await a.join("alice"), await b.join("bob", device="phone")
        alice.say("send", id="s-1", to="bob", body={"id": "s-2"})
        await hear(bob)
        bob.say("ack", offset=1)
        await acknowledged(b)
        sent, got = traced(a, "s-1"), traced(b, "s-1")
        assert kinds(sent) == ["taken", "stored", "published"]
        assert sent[1].nodes == (b.node_id,)
        assert kinds(got) == ["received", "delivered", "acknowledged"]
        assert got[0].sender == "alice"
        assert place_of(sent) == place_of(got) == Place(a.inbox.epoch, "bob", 1)
        assert traced(b, "s-2") == [], "what stands in a body is no id"


async def test_direct_routing_says_for_whom_it_was_published() -> None:
    world = MemoryWorld()
    async with Rig(world, routing="direct") as a, Rig(world) as b:
        alice, bob = await a.join("alice"), await b.join("bob")
        alice.say("send", id="s-1", to="bob", body=1)
        await hear(bob)
        [published] = [event for event in traced(a, "s-1") if event.event == "published"]
        assert published.nodes == (b.node_id,)


async def test_a_message_that_waited_is_fetched_by_its_place() -> None:
    world = MemoryWorld()
    async with Rig(world) as a, Rig(world) as b:
        alice = await a.join("alice")
        alice.say("send", id="s-1", to="bob", body=1)
        await hear(alice)
        sent = traced(a, "s-1")
        assert kinds(sent) == ["taken", "stored"]
        assert sent[1].nodes == ()
        bob = await b.join("bob", device="phone", epoch=a.inbox.epoch, offset=0)
        await hear(bob)
        assert traced(b, "s-1") == [], "the inbox does not say ids"
        got = traced(b, "s-1", [place_of(sent)])
        assert kinds(got) == ["connected", "fetched"]
        assert {event.device for event in got} == {"phone"}


async def test_a_message_that_the_bus_lost_is_repaired() -> None:
    world = MemoryWorld()
    async with Rig(world) as a, Rig(world) as b:
        alice, bob = await a.join("alice"), await b.join("bob", device="phone")
        # Taken and lost: nobody is alarmed.
        await b.bus.close()
        alice.say("send", id="s-1", to="bob", body=1)
        await hear(alice)
        b.parts.recovery.compare_heads()
        await hear(bob)
        sent = traced(a, "s-1")
        assert kinds(sent) == ["taken", "stored", "published"]
        assert kinds(traced(b, "s-1", [place_of(sent)])) == ["repaired"]


async def test_who_was_there_when_it_came_is_told_though_gone_since() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        phone, tablet = await rig.join("bob", device="phone"), await rig.join("bob", device="tab")
        alice.say("send", id="s-1", to="bob", body=1)
        await hear(phone)
        await hear(tablet)
        phone.hang_up()
        await eventually(lambda: len(rig.parts.hub.users["bob"]) == 1)
        await rig.join("bob", device="late")
        events = traced(rig, "s-1")
        assert {e.device for e in events if e.event == "delivered"} == {"phone", "tab"}


async def test_a_message_that_could_not_be_stored() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        rig.inbox.away = True
        alice.say("send", id="s-1", to="bob", body=1)
        assert (await hear(alice))[0]["code"] == "unavailable"
        taken, failed = traced(rig, "s-1")
        assert (taken.event, failed.event) == ("taken", "failed")
        assert "does not answer" in failed.reason


async def test_a_message_that_was_sent_again_and_one_that_is_not_durable() -> None:
    async with Rig() as rig:
        alice, bob = await rig.join("alice"), await rig.join("bob")
        for _ in range(2):
            alice.say("send", id="s-1", to="bob", body=1)
            await hear(alice)
        events = traced(rig, "s-1")
        assert sorted(kinds(events)) == ["delivered", "repeated", "stored", "taken", "taken"]
        alice.say("send", id="s-2", to="bob", body=2, durable=False)
        await hear(bob, 2)
        assert kinds(traced(rig, "s-2")) == ["taken", "passed_on", "delivered"]


async def test_a_channel_that_still_waits_for_it_has_not_got_it() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        payload = b'{"type":"message","offset":7,"from":"a","id":"s-7","time":1.0,"body":1}'
        rig.parts.receive(encode_batch("other", rig.inbox.epoch, [Item("bob", 7, payload)]))
        assert kinds(traced(rig, "s-7")) == ["received"]
        assert bob.messages() == []


def test_a_batch_that_cannot_be_read_to_its_end_is_passed_over() -> None:
    journal = Journal(10_000)
    journal.received(b'rubbish "id":"s-1"')
    assert trace(journal.entries(), "s-1", [], lambda _user: []) == []


def test_another_epoch_is_another_place() -> None:
    journal = Journal(10_000)
    journal.read(("bob", "phone", "old"), "c1", (1, 9), 9)
    journal.acknowledged({("bob", "phone", "old"): 9})
    place = Place("new", "bob", 5)
    assert trace(journal.entries(), "s-1", [place], lambda _user: []) == []
    assert kinds(trace(journal.entries(), "s-1", [place._replace(epoch="old")], lambda _u: [])) == [
        "fetched",
        "acknowledged",
    ]
