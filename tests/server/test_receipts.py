"""Receipts: told once, when a device has acknowledged or when nobody is there to do so."""

from __future__ import annotations

import pytest

from server import receipts
from server.backends import MemoryWorld
from tests.server.faults import nothing
from tests.server.rig import Rig, hear
from tests.services.eventually import eventually


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "INTERVAL", 0.01)


async def test_an_acknowledged_message_is_delivered() -> None:
    world = MemoryWorld()
    async with Rig(world) as a, Rig(world) as b:
        alice, bob = await a.join("alice"), await b.join("bob")
        alice.say("send", id="s-1", to="bob", body=1, receipt=True)
        assert (await hear(alice))[0]["type"] == "sent"
        await hear(bob)
        assert alice.messages() == []
        bob.say("ack", offset=1)
        [frame] = await hear(alice)
        assert frame == {"type": "receipt", "id": "s-1", "status": "delivered"}


async def test_a_message_to_nobody_there_is_stored() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        alice.say("send", id="s-1", to="bob", body=1, receipt=True)
        frames = await hear(alice, 2)
        assert [frame["type"] for frame in frames] == ["sent", "receipt"]
        assert frames[1]["status"] == "stored"


async def test_a_recipient_who_leaves_leaves_it_stored() -> None:
    async with Rig() as rig:
        alice, bob = await rig.join("alice"), await rig.join("bob")
        alice.say("send", id="s-1", to="bob", body=1, receipt=True)
        await hear(alice)
        bob.hang_up()
        assert (await hear(alice))[0]["status"] == "stored"


async def test_one_who_never_acknowledges_counts_as_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(receipts, "PATIENCE", 0.05)
    async with Rig() as rig:
        alice = await rig.join("alice")
        await rig.join("bob")
        alice.say("send", id="s-1", to="bob", body=1, receipt=True)
        assert (await hear(alice, 2))[1]["status"] == "stored"


async def test_who_does_not_ask_is_not_told() -> None:
    async with Rig() as rig:
        alice, bob = await rig.join("alice"), await rig.join("bob")
        alice.say("send", id="s-1", to="bob", body=1)
        await hear(bob)
        bob.say("ack", offset=1)
        await eventually(lambda: rig.world.store.look("bob").cursors.get("default") == 1)
        assert [frame["type"] for frame in alice.messages()] == ["sent"]


async def test_too_many_at_once_are_told_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "MAX_WAITING", 1)
    async with Rig() as rig:
        alice, _bob = await rig.join("alice"), await rig.join("bob")
        for number in (1, 2):
            alice.say("send", id=f"s-{number}", to="bob", body=1, receipt=True)
        frames = await hear(alice, 3)
        assert {"type": "receipt", "id": "s-2", "status": "stored"} in frames


async def test_one_who_wants_too_many_takes_nobodys_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "MAX_WAITING_EACH", 1)
    async with Rig() as rig:
        alice, carol, bob = [await rig.join(user) for user in ("alice", "carol", "bob")]
        for number in (1, 2):
            alice.say("send", id=f"s-{number}", to="bob", body=1, receipt=True)
        frames = await hear(alice, 3)
        assert {"type": "receipt", "id": "s-2", "status": "stored"} in frames
        carol.say("send", id="t-1", to="bob", body=1, receipt=True)
        await hear(bob, 3)
        bob.say("ack", offset=3)
        for peer, id in ((alice, "s-1"), (carol, "t-1")):
            frames = await hear(peer, 1 if peer is alice else 2)
            assert frames[-1] == {"type": "receipt", "id": id, "status": "delivered"}


async def test_an_outage_delays_a_receipt() -> None:
    async with Rig() as rig:
        alice, bob = await rig.join("alice"), await rig.join("bob")
        alice.say("send", id="s-1", to="bob", body=1, receipt=True)
        await hear(alice)
        await hear(bob)
        rig.inbox.away = True
        bob.say("ack", offset=1)
        await eventually(lambda: bob.messages() == [])
        rig.inbox.away = False
        assert (await hear(alice))[0]["status"] == "delivered"


async def test_those_who_come_while_the_store_is_asked_count_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else each round would let as many in again, and what waits would have no bound."""
    monkeypatch.setattr(receipts, "MAX_WAITING", 1)
    async with Rig() as rig:
        alice, _bob = await rig.join("alice"), await rig.join("bob")
        [channel] = rig.parts.hub.users["alice"]

        def one_more() -> None:
            rig.inbox.meanwhile = nothing
            rig.parts.receipts.want(channel, "s-2", "bob", 1)

        rig.inbox.meanwhile = one_more
        alice.say("send", id="s-1", to="bob", body=1, receipt=True)
        frames = await hear(alice, 2)
        assert frames[1] == {"type": "receipt", "id": "s-2", "status": "stored"}


async def test_who_cannot_be_told_more_is_told_that_it_is_stored() -> None:
    """A sender waits for its receipt, and gets one only."""
    async with Rig() as rig:
        alice, _bob = await rig.join("alice"), await rig.join("bob")
        alice.say("send", id="s-1", to="bob", body=1, receipt=True)
        assert (await hear(alice))[0]["type"] == "sent"
        rig.inbox.broken = True
        assert await hear(alice) == [{"type": "receipt", "id": "s-1", "status": "stored"}]
