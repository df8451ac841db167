"""The mover: every channel is told once, at an even pace, where to go."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.snapshot import Snapshot
from server.destinations import Destinations
from server.mover import TICK, Mover, due
from server.stats import Stats
from tests.cluster.records import make_record
from tests.server.lines import Line

ME = make_record(port=7000)
ONE, OTHER = make_record(port=7001), make_record(port=7002, weight=3)


class Wait:
    """A clock that goes on when somebody sleeps, and the mover that goes by it."""

    def __init__(self, *records: Any) -> None:
        self.now = 100.0
        self.snapshot = Snapshot((ME, *records))
        self.stats = Stats()
        destinations = Destinations(ME.node_id, "", lambda: self.snapshot)
        self.mover = Mover(destinations, self.stats, clock=lambda: self.now, sleep=self.sleep)
        # How many had been told by each time, in seconds since the beginning.
        self.told: list[tuple[float, int]] = []

    async def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self.told.append((self.now - 100.0, self.stats.moved["drain"]))
        self.now += seconds


def heard(lines: list[Line]) -> list[dict[str, Any]]:
    """Return the one frame that each client got."""
    frames = []
    for line in lines:
        [frame] = line.heard()
        frames.append(frame)
    return frames


async def test_each_is_told_once_where_to_go_by_weight() -> None:
    lines = [Line() for _ in range(40)]
    wait = Wait(ONE, OTHER)
    assert await wait.mover.move([line.channel for line in lines], 2.0, "drain") == 40
    frames = heard(lines)
    assert {(frame["type"], frame["within"]) for frame in frames} == {("move", TICK)}
    assert Counter(frame["url"] for frame in frames) == {ONE.url: 10, OTHER.url: 30}
    assert wait.stats.moved == {"drain": 40}


async def test_they_go_at_an_even_pace() -> None:
    lines = [Line() for _ in range(50)]
    wait = Wait(ONE)
    await wait.mover.move([line.channel for line in lines], 5.0, "drain")
    assert wait.now - 100.0 <= 5.0
    assert len(wait.told) >= 40
    for elapsed, told in wait.told:
        assert told == pytest.approx(50 * (elapsed + TICK) / 5.0, abs=1.001)


async def test_no_time_means_all_at_once() -> None:
    lines = [Line() for _ in range(3)]
    wait = Wait(ONE)
    assert await wait.mover.move([line.channel for line in lines], 0.0, "rebalance") == 3
    assert [frame["within"] for frame in heard(lines)] == [0.0] * 3
    assert wait.now == 100.0
    assert wait.stats.moved == {"rebalance": 3}


async def test_who_has_gone_or_is_not_connected_yet_is_not_told() -> None:
    gone, new, there = Line(), Line(connected=False), Line()
    gone.peer.hang_up()
    wait = Wait(ONE)
    channels = [line.channel for line in (gone, new, there)]
    assert await wait.mover.move(channels, 0.0, "drain") == 1
    assert new.heard() == []
    assert [frame["type"] for frame in there.heard()] == ["move"]
    assert wait.stats.moved == {"drain": 1}


async def test_it_ends_when_there_is_nowhere_left_to_go() -> None:
    lines = [Line() for _ in range(10)]
    wait = Wait(ONE)

    async def leave_halfway(seconds: float) -> None:
        wait.now += seconds
        if wait.now > 100.5:
            wait.snapshot = Snapshot((ME,))

    wait.mover = Mover(
        wait.mover.destinations, wait.stats, clock=lambda: wait.now, sleep=leave_halfway
    )
    told = await wait.mover.move([line.channel for line in lines], 1.0, "drain")
    assert 0 < told < 10
    assert wait.stats.moved == {"drain": told}


async def test_one_channel_is_told_to_go_to_one_node() -> None:
    line = Line()
    wait = Wait()
    assert wait.mover.tell(line.channel, OTHER, 3.5, "rebalance")
    assert line.heard() == [{"type": "move", "url": OTHER.url, "within": 3.5}]


@given(
    st.integers(0, 10_000),
    st.lists(st.floats(0.0, 700.0), min_size=2).map(sorted),
    st.floats(0.0, 600.0),
)
def test_the_pace_never_goes_back_and_is_done_in_time(
    count: int, times: list[float], over: float
) -> None:
    counts = [due(count, elapsed, over) for elapsed in times]
    assert counts == sorted(counts)
    assert all(0 <= told <= count for told in counts)
    assert due(count, over - TICK, over) == count
    assert due(count, 0.0, over) > 0 or count == 0


async def test_who_came_through_a_proxy_is_told_no_address() -> None:
    wait = Wait(ONE)
    direct, proxied = Line(), Line(headers={"Via": "1.1 gateway"})
    await wait.mover.move([direct.channel, proxied.channel], 0.0, "drain")
    frames = heard([direct, proxied])
    assert [frame.get("url") for frame in frames] == [ONE.url, None]
