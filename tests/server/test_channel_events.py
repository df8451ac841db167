"""Channel events: each reaches the part that it concerns, from the first to the last."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.server.rig import Rig, hear
from tests.server.wires import Peer
from tests.services.eventually import eventually


async def test_the_life_of_a_channel_is_followed() -> None:
    async with Rig() as rig:
        peer = await rig.join("bob")
        assert len(rig.parts.hub.channels) == 1
        peer.hang_up()
        assert rig.parts.hub.channels == set()
        assert rig.parts.stats.closes == {"1006": 1}
        await eventually(lambda: rig.world.store.channels == {})


async def test_who_has_moved_is_known_as_long_as_it_is_here() -> None:
    async with Rig() as rig:
        await rig.join("alice")
        bob = await rig.join("bob", moved=True)
        assert [channel.user for channel in rig.parts.rebalancer._settled] == ["bob"]
        bob.hang_up()
        assert rig.parts.rebalancer._settled == {}


async def test_a_handshake_that_never_ended_is_no_channel() -> None:
    async with Rig() as rig:
        Peer(rig.parts.make_channel).hang_up()
        assert rig.parts.stats.closes == {}


async def test_acknowledgements_reach_the_store() -> None:
    async with Rig() as rig:
        alice, bob = await rig.join("alice"), await rig.join("bob", device="phone")
        alice.say("send", id="s-1", to="bob", body=1)
        await hear(bob)
        bob.say("ack", offset=1)
        await eventually(lambda: rig.world.store.look("bob").cursors == {"phone": 1})


async def test_presence_is_answered() -> None:
    async with Rig() as rig:
        alice, _bob = await rig.join("alice"), await rig.join("bob")
        for user in ("bob", "carol"):
            alice.say("presence", user=user)
        assert await hear(alice, 2) == [
            {"type": "presence", "user": "bob", "online": True},
            {"type": "presence", "user": "carol", "online": False},
        ]


async def test_presence_that_cannot_be_looked_up_is_answered_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also if it never will: a client that waits for an answer must get one."""

    async def fail(_users: Iterable[str]) -> list[dict[str, str]]:
        raise LookupError("as the test wants it")

    async with Rig() as rig:
        alice = await rig.join("alice")
        monkeypatch.setattr(rig.directory, "lookup", fail)
        alice.say("presence", user="bob")
        assert await hear(alice) == [{"type": "presence", "user": "bob", "online": None}]
        await eventually(lambda: rig.parts.stats.unexpected == 1)


async def test_presence_of_a_name_that_may_not_be_used_is_refused() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        alice.say("presence", user="a}{b")
        assert (await hear(alice))[0]["code"] == "bad_name"


async def test_a_client_cannot_make_metrics_by_its_close_codes() -> None:
    async with Rig() as rig:
        for code in (1000, 3000, 4999, 4000):
            peer = await rig.join("bob")
            peer.close(code)
            peer.hang_up()
        assert rig.parts.stats.closes == {"1000": 1, "other": 2, "4000": 1}
