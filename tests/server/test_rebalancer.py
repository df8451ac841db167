"""The rebalancer: the right number go to the right nodes, nobody twice, nobody who just came."""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace

import msgspec

from client_sdk import connect
from cluster.frames import MOVED_FOR
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot
from server.backends import MemoryWorld
from server.channel import Channel
from server.destinations import Destinations
from server.hub import Hub
from server.mover import Mover
from server.rebalance import SHOWS_AFTER, Shedding
from server.rebalancer import INTERVAL, Rebalancer
from server.stats import Stats
from tests.cluster.records import make_record
from tests.server.embedded import metric, running, url_of
from tests.server.lines import Line
from tests.services.eventually import eventually

ME = make_record(port=7000)
ROOMY, EMPTY = make_record(port=7001, load=50), make_record(port=7002)


class Scene:
    """A node with some clients and a clock that the test sets; 10 % of them are due a second."""

    def __init__(self, count: int, *others: NodeRecord, rate: float = 0.1) -> None:
        self.now = 1000.0
        self.snapshot = Snapshot((ME, *others), version=1, stale=False)
        self.stats = Stats()
        self.hub = Hub(lambda _flush: None)
        self.rebalancer = Rebalancer(
            ME.node_id,
            self.hub,
            Mover(Destinations(ME.node_id, "", lambda: self.snapshot), self.stats),
            lambda: self.snapshot,
            Shedding(rate, 0.0),
            clock=lambda: self.now,
        )
        # Where clients were told to go.
        self.urls = Counter[str]()
        self.lines = [self.join() for _ in range(count)]

    def join(self, *, connected: bool = True, moved: bool = False) -> Line:
        """Add a client."""
        line = Line(connected=connected)
        self.hub.opened(line.channel)
        if moved:
            self.rebalancer.settle(line.channel)
        return line

    def pass_time(self, seconds: int, *, leave: bool = True) -> list[Line]:
        """Let so many rounds pass; return who was told to go, and let them leave if so."""
        told = []
        for _ in range(seconds):
            self.now += 1.0
            self.rebalancer.round()
            for line in self.lines:
                for frame in line.heard():
                    assert (frame["type"], frame["within"]) == ("move", INTERVAL)
                    self.urls[frame["url"]] += 1
                    told.append(line)
                    if leave:
                        self.end(line.channel)
        return told

    def end(self, channel: Channel) -> None:
        """Let a client's connection end."""
        channel.lost(1000)
        self.hub.ended(channel)
        self.rebalancer.ended(channel)


def loaded(record: NodeRecord, load: int) -> NodeRecord:
    """Return a record with another load."""
    return msgspec.structs.replace(record, load=load)


async def test_it_sheds_at_the_pace_and_to_those_who_have_room() -> None:
    scene = Scene(100, loaded(ROOMY, 20), EMPTY)
    told = scene.pass_time(2)  # the target is 40, the room 20 and 40
    assert len(told) == 10
    assert scene.stats.moved == {"rebalance": 10}
    assert scene.urls.keys() == {ROOMY.url, EMPTY.url}
    assert abs(scene.urls[EMPTY.url] - 7) <= 1


async def test_what_it_has_sent_counts_though_the_records_do_not_show_it() -> None:
    scene = Scene(100, EMPTY, rate=1.0)
    assert len(scene.pass_time(int(SHOWS_AFTER))) == 50
    scene.snapshot = replace(scene.snapshot, records=(ME, loaded(EMPTY, 50)))
    assert scene.pass_time(20) == []


async def test_a_client_that_stays_is_told_once_and_holds_up_nobody() -> None:
    scene = Scene(60, EMPTY)
    told = scene.pass_time(60, leave=False)
    assert len(told) == len({id(line) for line in told}) == 60
    scene.pass_time(int(MOVED_FOR) - 60, leave=False)
    assert scene.stats.moved["rebalance"] == 60
    scene.pass_time(30, leave=False)
    assert scene.stats.moved["rebalance"] > 60


async def test_who_has_come_by_a_move_stays() -> None:
    scene = Scene(0, EMPTY)
    settled = [scene.join(moved=True) for _ in range(40)]
    others = [scene.join() for _ in range(10)]
    scene.lines = settled + others
    told = scene.pass_time(60)
    assert {id(line) for line in told} == {id(line) for line in others}
    later = scene.pass_time(int(MOVED_FOR))
    assert later
    assert {id(line) for line in later} <= {id(line) for line in settled}


async def test_who_is_not_connected_or_does_not_read_is_left_alone() -> None:
    scene = Scene(20, EMPTY)
    stranger, stuck = scene.join(connected=False), scene.join()
    stuck.channel.writable = False
    scene.lines += [stranger, stuck]
    told = scene.pass_time(60, leave=False)
    assert len(told) == 20


async def test_nothing_is_moved_on_a_stale_list_or_while_draining() -> None:
    scene = Scene(40, EMPTY)
    true = scene.snapshot
    scene.snapshot = replace(true, stale=True)
    assert scene.pass_time(5) == []
    leaving = msgspec.structs.replace(ME, state="draining")
    scene.snapshot = replace(true, records=(leaving, EMPTY))
    assert scene.pass_time(5) == []
    scene.snapshot = true
    assert scene.pass_time(5) != []


async def test_it_holds_on_to_nobody_who_has_gone() -> None:
    scene = Scene(40, EMPTY)
    scene.pass_time(3)
    for line in scene.lines:
        if line.channel.open:
            scene.end(line.channel)
    scene.pass_time(int(SHOWS_AFTER) + 1)
    rebalancer = scene.rebalancer
    assert (rebalancer._settled, list(rebalancer._told), rebalancer._drum) == ({}, [], [])


async def test_nodes_level_out() -> None:
    world = MemoryWorld()
    async with AsyncExitStack() as stack:
        start = stack.enter_async_context
        [first] = await start(running(world, rebalance_rate=0.5, session_timeout=0.0))
        for number in range(30):
            await start(connect(url_of(first), user=f"user{number}"))
        [second] = await start(running(world))
        await eventually(lambda: len(second.parts.hub.channels) == 15, within=30.0)
        assert await metric(first, "moved_total", "rebalance") == 15
        assert len(second.parts.rebalancer._settled) == 15
