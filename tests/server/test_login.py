"""Login: who gets in, where their messages go on, and what the directory knows of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.codes import CloseCode
from cluster.frames import Connect
from server.backends import MemoryWorld
from server.inbox import Position
from server.login import starting_point
from tests.server.rig import Rig, hear
from tests.services.eventually import eventually

POSITION = Position(head=10, oldest=4, cursor=7)


@pytest.mark.parametrize(
    ("epoch", "offset", "position", "expected"),
    [
        # It says what it has.
        (None, 8, POSITION, (8, True)),
        ("now", 8, POSITION, (8, True)),
        ("now", 10, POSITION, (10, True)),
        ("now", 3, POSITION, (3, True)),
        # More than there is: the store has forgotten something.
        ("now", 11, POSITION, (10, False)),
        # Less than is kept.
        ("now", 2, POSITION, (3, False)),
        (None, 0, POSITION, (3, False)),
        # It says nothing: the stored cursor, else from now on.
        (None, None, POSITION, (7, True)),
        ("now", None, POSITION, (7, True)),
        (None, None, POSITION._replace(cursor=1), (3, False)),
        (None, None, POSITION._replace(cursor=None), (10, True)),
        (None, None, Position(0, 1, None), (0, True)),
        # It counts in another epoch: everything in this one is new to it.
        ("then", 8, POSITION, (3, False)),
        ("then", None, POSITION, (3, False)),
        ("then", 8, Position(3, 1, None), (0, False)),
        ("then", 8, Position(0, 1, None), (0, False)),
    ],
)
def test_where_a_device_goes_on(
    epoch: str | None, offset: int | None, position: Position, expected: tuple[int, bool]
) -> None:
    frame = Connect(user="bob", epoch=epoch, offset=offset)
    assert starting_point(frame, "now", position) == expected


@given(
    st.sampled_from([None, "now", "then"]),
    st.none() | st.integers(0, 30),
    st.integers(0, 20),
    st.integers(0, 20),
    st.none() | st.integers(0, 20),
)
def test_the_starting_point_is_honest(
    epoch: str | None, offset: int | None, head: int, kept: int, cursor: int | None
) -> None:
    oldest = head + 1 - min(kept, head)
    cursor = None if cursor is None else min(cursor, head)
    frame = Connect(user="bob", epoch=epoch, offset=offset)
    after, recovered = starting_point(frame, "now", Position(head, oldest, cursor))
    assert oldest - 1 <= after <= head, "everything behind it can be read"
    if recovered:
        has = offset if offset is not None else cursor if cursor is not None else head
        assert epoch != "then"
        assert after == has, "nothing that it lacks is passed over"


async def test_a_user_is_connected_and_can_be_found() -> None:
    async with Rig() as rig:
        peer = rig.plug()
        peer.say("connect", user="bob", device="phone")
        [frame] = await hear(peer)
        assert frame == {
            "type": "connected",
            "channel": frame["channel"],
            "node": rig.node_id,
            "epoch": rig.inbox.epoch,
            "offset": 0,
            "recovered": True,
            "heartbeat": 25.0,
        }
        assert rig.world.store.channels == {"bob": {frame["channel"]: rig.node_id}}
        peer.hang_up()
        await eventually(lambda: rig.world.store.channels == {})
        assert rig.parts.hub.users == {}


async def test_a_late_disconnect_leaves_a_newer_login_alone() -> None:
    world = MemoryWorld()
    async with Rig(world) as old, Rig(world) as new:
        before = await old.join("bob")
        await new.join("bob")
        before.hang_up()
        await eventually(lambda: len(world.store.channels["bob"]) == 1)
        assert list(world.store.channels["bob"].values()) == [new.node_id]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("user", ""),
        ("user", "a\nb"),
        ("user", "a\u2028b"),
        ("user", "{bob}"),
        ("user", "x" * 256),
        ("user", "x" * 10_240),
        ("user", "ü" * 128),
        ("device", "\x7f"),
        ("device", "x" * 256),
    ],
)
async def test_a_name_that_may_not_be_used_is_refused(field: str, name: str) -> None:
    async with Rig() as rig:
        peer = rig.plug()
        peer.say("connect", **({"user": "bob"} | {field: name}))
        [error] = await hear(peer)
        assert error["code"] == "bad_name"
        assert field in error["reason"]
        assert len(error["reason"]) < 100
        assert peer.close_code == CloseCode.BAD_CONNECT
        assert rig.world.store.channels == {}


async def test_while_the_store_is_away_nobody_gets_in() -> None:
    async with Rig() as rig:
        rig.inbox.away = True
        peer = rig.plug()
        peer.say("connect", user="bob")
        [error] = await hear(peer)
        assert (error["code"], error["temporary"]) == ("unavailable", True)
        assert peer.close_code == CloseCode.UNAVAILABLE
        peer.hang_up()
        await eventually(lambda: not rig.parts.hub.users and not rig.world.store.channels)


async def test_something_nobody_expected_is_answered_too() -> None:
    """A client that waits for an answer for ever would hold its channel for ever."""
    async with Rig() as rig:
        rig.inbox.broken = True
        peer = rig.plug()
        peer.say("connect", user="bob")
        assert (await hear(peer))[0]["code"] == "store_refused"
        assert peer.close_code == CloseCode.UNAVAILABLE
        await eventually(lambda: rig.parts.stats.unexpected == 1)


async def test_a_token_that_breaks_the_check_is_answered_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody looks for a client that has said `connect`: it would stay for ever, unknown."""

    def fail(_user: str, _token: str | None) -> None:
        raise LookupError("as the test wants it")

    async with Rig() as rig:
        monkeypatch.setattr(rig.parts.login, "_authenticate", fail)
        peer = rig.plug()
        peer.say("connect", user="bob", token="x")
        assert (await hear(peer))[0]["code"] == "authentication_failed"
        assert peer.close_code == CloseCode.AUTHENTICATION_FAILED
        await eventually(lambda: rig.parts.stats.unexpected == 1)


async def test_a_store_that_was_wiped_is_noticed() -> None:
    async with Rig() as rig:
        rig.world.store.wipe()
        peer = rig.plug()
        peer.say("connect", user="bob")
        await eventually(lambda: peer.close_code == CloseCode.UNAVAILABLE)
        await eventually(lambda: rig.inbox.epoch == rig.world.store.epoch)
        await rig.join("bob")


async def test_nobody_is_connected_before_the_node_is_complete() -> None:
    async with Rig() as rig:
        rig.parts.login.ready.clear()
        peer = rig.plug()
        peer.say("connect", user="bob")
        peer.say("ping")
        assert [frame["type"] for frame in await hear(peer)] == ["pong"]
        rig.parts.login.ready.set()
        assert [frame["type"] for frame in await hear(peer)] == ["connected"]


async def test_a_client_that_leaves_while_it_is_being_connected_leaves_nothing() -> None:
    async with Rig() as rig:
        peer = rig.plug()
        rig.inbox.meanwhile = peer.hang_up
        peer.say("connect", user="bob")
        await eventually(lambda: not rig.parts.hub.channels)
        await eventually(lambda: not rig.parts.hub.users and not rig.world.store.channels)


async def test_what_is_delivered_during_the_login_comes_once_and_in_order() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        peer = rig.plug()
        peer.say("connect", user="bob", offset=0)
        for number in range(1, 30):
            alice.say("send", id=f"s-{number}", to="bob", body=number)
        frames = await hear(peer, 30)
        assert frames[0]["type"] == "connected"
        assert [frame["offset"] for frame in frames[1:]] == list(range(1, 30))
