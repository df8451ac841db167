"""The drain: no new clients, the old ones told to go, everything else as always."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from websockets.exceptions import InvalidStatus

from cluster.snapshot import Snapshot
from server.backends import MemoryWorld
from server.drain import Drain
from tests.cluster.records import make_record
from tests.server.embedded import client, fetch, metric, running, url_of
from tests.server.rig import Rig, hear
from tests.services.eventually import eventually

OTHER = make_record(port=7001)


def drain_of(rig: Rig, announced: list[str] | None = None) -> Drain:
    """Return the drain of a node that sees one other."""
    rig.parts.presence.snapshot = Snapshot((make_record(node_id=rig.node_id), OTHER))
    log = [] if announced is None else announced
    return Drain(
        rig.parts.hub, rig.parts.mover, lambda: log.append("draining"), rig.parts.tasks.spawn
    )


async def test_each_is_told_once_and_it_ends_when_the_last_has_gone() -> None:
    async with Rig() as rig:
        peers = [await rig.join(f"u{number}") for number in range(5)]
        announced: list[str] = []
        drain = drain_of(rig, announced)
        assert [drain.begun, drain.begin(1.0), drain.begun] == [False, True, True]
        assert announced == ["draining"]
        for peer in peers:
            [frame] = await hear(peer)
            assert (frame["type"], frame["url"]) == ("move", OTHER.url)
        assert not drain.ended.is_set()
        for peer in peers:
            peer.hang_up()
        await eventually(drain.ended.is_set)
        assert rig.parts.stats.moved == {"drain": 5}


async def test_it_ends_when_its_time_is_over() -> None:
    async with Rig() as rig:
        stays = await rig.join("alice")
        drain = drain_of(rig)
        drain.begin(0.3)
        assert 0.0 < drain.left <= 0.3
        await eventually(drain.ended.is_set)
        assert drain.left == 0.0
        assert [frame["type"] for frame in stays.messages()] == ["move"]
        assert rig.parts.hub.channels, "closing is the business of the stop"


async def test_whoever_was_connecting_just_then_is_told_too() -> None:
    async with Rig() as rig:
        late = rig.plug()
        drain = drain_of(rig)
        drain.begin(60.0)
        await asyncio.sleep(0)
        late.say("connect", user="late")
        assert [frame["type"] for frame in await hear(late, 2)] == ["connected", "move"]
        late.hang_up()
        await eventually(drain.ended.is_set)


async def test_with_nobody_here_or_nowhere_to_go_it_ends_at_once() -> None:
    async with Rig() as rig:
        empty = drain_of(rig)
        empty.begin(60.0)
        await eventually(empty.ended.is_set)
    async with Rig() as rig:
        stays = await rig.join("alice")
        alone = drain_of(rig)
        draining = msgspec.structs.replace(OTHER, state="draining")
        rig.parts.presence.snapshot = Snapshot((draining,))
        alone.begin(60.0)
        await eventually(alone.ended.is_set)
        assert stays.messages() == []


async def test_it_ends_when_the_last_other_node_leaves_meanwhile() -> None:
    async with Rig() as rig:
        stays = await rig.join("alice")
        drain = drain_of(rig)
        drain.begin(60.0)
        await hear(stays)
        rig.parts.presence.snapshot = Snapshot()
        await eventually(drain.ended.is_set)


async def test_it_begins_once() -> None:
    async with Rig() as rig:
        await rig.join("alice")
        announced: list[str] = []
        drain = drain_of(rig, announced)
        assert drain.begin(60.0)
        assert not drain.begin(1.0)
        assert drain.left > 30.0
        assert announced == ["draining"]


async def test_what_fails_does_not_keep_it_from_ending(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with Rig() as rig:
        await rig.join("alice")
        drain = drain_of(rig)

        def fail() -> Any:
            raise ValueError("on purpose")

        monkeypatch.setattr(rig.parts.mover.destinations, "records", fail)
        drain.begin(60.0)
        await eventually(drain.ended.is_set)
        assert "on purpose" in caplog.text


async def test_a_draining_node_is_seen_as_such_everywhere() -> None:
    world = MemoryWorld()
    async with running(world, count=2) as [leaving, staying], client(leaving, "alice") as alice:
        watching = await staying.backends.registry.watch()
        leaving.drain.begin(60.0)
        assert (await alice.hear())["url"] == url_of(staying)
        record = watching.snapshot.find(leaving.node_id)
        assert record is not None
        assert (record.state, record.load) == ("draining", 1)
        assert len(world.nodes.entries) == 2
        status, body = await fetch(leaving, "/readyz")
        assert (status, json.loads(body)["draining"]) == (503, True)
        assert await metric(leaving, "draining") == 1.0
        assert await metric(leaving, "moved_total", "drain") == 1.0
        with pytest.raises(InvalidStatus) as refused:
            async with client(leaving):
                pass
        assert refused.value.response.status_code == 503
        assert int(refused.value.response.headers["Retry-After"]) >= 1
        assert await metric(leaving, "turned_away_total", "draining") == 1.0
        async with client(staying, "bob") as bob:
            await bob.say("send", id="s-1", to="alice", body="still there?")
            assert (await alice.hear())["body"] == "still there?"


async def test_those_who_move_are_spread_by_weight() -> None:
    async with Rig() as rig:
        peers = [await rig.join(f"u{number}") for number in range(40)]
        drain = drain_of(rig)
        heavy = make_record(port=7002, weight=3)
        rig.parts.presence.snapshot = Snapshot((OTHER, heavy))
        drain.begin(1.0)
        urls: Counter[str] = Counter()
        for peer in peers:
            [frame] = await hear(peer)
            urls[frame["url"]] += 1
        assert urls == {OTHER.url: 10, heavy.url: 30}
