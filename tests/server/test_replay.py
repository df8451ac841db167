"""Replay: what a channel lacks is read, in chunks, until it lacks nothing."""

from __future__ import annotations

import pytest

from server import replay
from server.inbox import Retention
from tests.server.rig import Rig, hear
from tests.services.eventually import eventually


def fill(rig: Rig, user: str, count: int) -> None:
    """Put messages into a user's inbox without anybody being told."""
    for number in range(1, count + 1):
        tail = b'"from":"alice","id":"s-%d","time":9e9,"body":%d}' % (number, number)
        rig.world.store.inbox(user).append(tail)


async def test_what_waited_comes_on_connect() -> None:
    async with Rig() as rig:
        fill(rig, "bob", 250)
        bob = await rig.join("bob", offset=0)
        frames = await hear(bob, 250)
        assert [frame["offset"] for frame in frames] == list(range(1, 251))
        await eventually(lambda: rig.parts.stats.replayed == 250)


async def test_only_what_the_device_lacks_comes() -> None:
    async with Rig() as rig:
        fill(rig, "bob", 5)
        bob = await rig.join("bob", offset=3)
        assert [frame["offset"] for frame in await hear(bob, 2)] == [4, 5]


async def test_a_gap_in_a_live_channel_is_read() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        fill(rig, "bob", 3)
        rig.parts.hub.deliver("bob", 3, b'{"type":"message","offset":3}')
        frames = await hear(bob, 3)
        assert [frame["offset"] for frame in frames] == [1, 2, 3]


async def test_a_gap_is_counted_once_and_a_login_is_none() -> None:
    async with Rig() as rig:
        fill(rig, "bob", 250)
        bob = await rig.join("bob", offset=0)
        await hear(bob, 250)
        assert rig.parts.stats.gaps == 0
        fill(rig, "bob", 3)
        rig.parts.hub.deliver("bob", 253, b'{"type":"message","offset":253}')
        await hear(bob, 3)
        assert rig.parts.stats.gaps == 1


async def test_it_goes_on_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "RETRY", 0.01)
    async with Rig() as rig:
        bob = await rig.join("bob")
        fill(rig, "bob", 3)
        rig.inbox.away = True
        rig.parts.hub.deliver("bob", 3, b"")
        await eventually(lambda: rig.sequence_of("bob").missing)
        assert bob.messages() == []
        rig.inbox.away = False
        assert [frame["offset"] for frame in await hear(bob, 3)] == [1, 2, 3]


async def test_what_retention_has_dropped_is_told() -> None:
    async with Rig(retention=Retention(count=5)) as rig:
        bob = await rig.join("bob")
        fill(rig, "bob", 20)
        rig.world.store.inbox("bob").drop_before(16)
        rig.parts.hub.deliver("bob", 20, b"")
        frames = await hear(bob, 6)
        assert (frames[0]["type"], frames[0]["recovered"]) == ("connected", False)
        assert frames[0]["offset"] == 15
        assert [frame["offset"] for frame in frames[1:]] == [16, 17, 18, 19, 20]


async def test_a_client_that_does_not_read_is_not_read_for() -> None:
    async with Rig(max_buffer_bytes=65536) as rig:
        bob = await rig.join("bob")
        for _ in range(300):
            rig.world.store.inbox("bob").append(b'"body":"%b"}' % (b"x" * 60_000))
        rig.parts.hub.deliver("bob", 300, b"")
        await eventually(lambda: not rig.parts.hub.users["bob"][0].writable)
        assert len(bob.tcp.unsent) < 300_000
        assert len(await hear(bob, 300, within=20)) == 300


async def test_many_channels_are_read_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "PARALLEL", 3)
    async with Rig() as rig:
        peers = {}
        for number in range(10):
            fill(rig, f"u{number}", 5)
            peers[f"u{number}"] = await rig.join(f"u{number}", offset=0)
        for peer in peers.values():
            assert len(await hear(peer, 5)) == 5
