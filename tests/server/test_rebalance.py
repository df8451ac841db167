"""The arithmetic of rebalancing, and what comes of it when each node follows it by itself."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.frames import MOVED_FOR
from cluster.record import NodeRecord
from server.rebalance import LEAST, Shedding, Standing, spread, take_stock
from tests.balancer.nodes import node
from tests.server.balancing_world import PATIENCE, World

# How far from its target a node may be in the end, as a share.
OFF = 0.15


def stand(count: int, *others: NodeRecord, **own: object) -> Standing | None:
    return take_stock("own", count, [node("own", **own), *others], {})  # type: ignore[arg-type]


class TestTakingStock:
    def test_targets_follow_the_weights(self) -> None:
        standing = stand(500, node("b", load=100, weight=3))
        assert standing is not None
        assert standing.target == 150.0
        assert {record.node_id: room for record, room in standing.room.items()} == {"b": 350.0}

    def test_who_drains_takes_no_part(self) -> None:
        draining = node("d", load=400, draining=True)
        assert stand(500, draining) is None
        assert stand(500, draining, node("b", load=500), draining=True) is None
        standing = stand(500, draining, node("b", load=400))
        assert standing is not None
        assert (standing.target, [record.node_id for record in standing.room]) == (450.0, ["b"])

    def test_zones_are_balanced_each_by_itself(self) -> None:
        standing = stand(500, node("b", load=0, zone="y"), node("c", load=480, zone="x"), zone="x")
        assert standing is not None
        assert (standing.target, standing.uneven) == (490.0, False)

    def test_a_node_that_is_alone_or_unknown_stands_nowhere(self) -> None:
        assert stand(500) is None
        assert take_stock("other", 500, [node("own"), node("b")], {}) is None

    def test_what_is_promised_is_there_already(self) -> None:
        records = [node("own", load=999), node("b", load=0)]
        standing = take_stock("own", 60, records, {"b": 40})
        assert standing is not None
        assert (standing.target, list(standing.room.values())) == (50.0, [10.0])

    def test_the_crowded_share_the_room(self) -> None:
        standing = stand(400, node("b", load=600), node("c", load=0), node("d", load=200))
        assert standing is not None
        assert {record.node_id: room for record, room in standing.room.items()} == pytest.approx(
            {"c": 300 * 100 / 400, "d": 100 * 100 / 400}
        )

    @pytest.mark.parametrize(
        ("count", "crowded"), [(110, False), (120, True), (100, False), (80, False)]
    )
    def test_crowded_is_a_tenth_above_the_target(self, count: int, crowded: bool) -> None:
        standing = Standing(count, 100.0, {})
        assert (standing.uneven, standing.surplus) == (crowded, max(0, count - 100))

    def test_somebody_empty_is_a_reason_too(self) -> None:
        full = [node(str(number), load=500) for number in range(20)]
        standing = stand(500, *full, node("new", load=0))
        assert standing is not None
        assert standing.count < 1.1 * standing.target
        assert standing.uneven
        standing = stand(500, *full, node("new", load=430))
        assert standing is not None
        assert not standing.uneven

    def test_a_few_channels_are_never_too_many(self) -> None:
        assert not Standing(LEAST + 4, 5.0, {}).uneven
        assert Standing(LEAST + 5, 5.0, {}).uneven

    @given(
        st.integers(0, 10_000),
        st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 5)), min_size=1, max_size=8),
    )
    def test_the_room_is_what_is_too_much_here(
        self, count: int, others: list[tuple[int, int]]
    ) -> None:
        records = [node(str(n), load=load, weight=w) for n, (load, w) in enumerate(others)]
        standing = stand(count, *records)
        assert standing is not None
        assert sum(standing.room.values()) == pytest.approx(max(0.0, count - standing.target))
        assert all(room >= 0.0 for room in standing.room.values())
        assert count - standing.surplus >= min(count, standing.target)


class TestSpreading:
    def test_nobody_has_room(self) -> None:
        assert spread({}, 5, 0.5) == []
        assert spread({node("a"): 3.0}, 0, 0.5) == []

    @given(
        st.lists(st.floats(0.01, 1000.0), min_size=1, max_size=10),
        st.integers(1, 500),
        st.floats(0.0, 0.999),
    )
    def test_in_proportion(self, rooms: list[float], count: int, draw: float) -> None:
        room = {node(str(number)): size for number, size in enumerate(rooms)}
        chosen = Counter(spread(room, count, draw))
        told = sum(chosen.values())
        assert told == min(count, chosen.total()) <= sum(rooms) + 1.0
        assert told == count or told >= sum(rooms)
        for record, size in room.items():
            assert abs(chosen[record] - told * size / sum(rooms)) < 1.0 + 1e-6

    def test_the_odd_one_goes_to_each_in_turn(self) -> None:
        room = {node("a"): 2.0, node("b"): 1.0, node("c"): 1.0}
        draw = random.Random(1).random
        chosen = Counter(spread(room, 1, draw())[0].node_id for _ in range(4000))
        assert chosen["a"] == pytest.approx(2000, abs=150)
        assert chosen["b"] == pytest.approx(1000, abs=150)


class TestShedding:
    def test_it_begins_when_the_crowd_has_lasted(self) -> None:
        shedding, crowded = Shedding(0.01, 10.0), Standing(200, 100.0, {})
        told = [shedding.due(crowded, float(second)) for second in range(14)]
        assert told == [0] * 11 + [2, 2, 2]
        assert shedding.active

    def test_a_crowd_that_does_not_last_is_forgotten(self) -> None:
        shedding, crowded = Shedding(0.01, 10.0), Standing(200, 100.0, {})
        for second in range(40):
            standing = None if second % 10 == 9 else crowded
            assert shedding.due(standing, float(second)) == 0
        assert not shedding.active

    def test_when_a_node_leaves_it_waits_anew(self) -> None:
        shedding = Shedding(0.01, 10.0)
        more, fewer = (Standing(200, 100.0, {}, peers=frozenset(peers)) for peers in ("bc", "b"))
        told = [shedding.due(more if second < 12 else fewer, second) for second in range(25)]
        assert told == [0] * 11 + [2] + [0] * 12 + [2]

    def test_when_clients_pour_in_it_waits_anew(self) -> None:
        shedding = Shedding(0.01, 10.0)
        counts = [200] * 12 + [206] * 13
        told = [shedding.due(Standing(count, 100.0, {}), n) for n, count in enumerate(counts)]
        assert told == [0] * 11 + [2] + [0] * 12 + [2]

    def test_when_some_come_it_goes_on(self) -> None:
        shedding = Shedding(0.01, 0.0)
        told = [shedding.due(Standing(200 + 5 * n, 100.0, {}), n) for n in range(3)]
        assert told == [0, 2, 2]

    def test_a_node_that_joins_holds_up_nothing(self) -> None:
        shedding = Shedding(0.01, 10.0)
        fewer, more = (Standing(200, 100.0, {}, peers=frozenset(peers)) for peers in ("b", "bc"))
        told = [shedding.due(fewer if second < 5 else more, second) for second in range(13)]
        assert told == [0] * 11 + [2, 2]

    def test_it_goes_on_below_where_it_began(self) -> None:
        shedding = Shedding(0.01, 0.0)
        shedding.due(Standing(200, 100.0, {}), 0.0)
        assert shedding.due(Standing(101, 100.0, {}), 1.0) == 1
        for second in range(2, 9):
            assert shedding.due(Standing(100, 100.0, {}), float(second)) == 0
        assert not shedding.active
        assert shedding.due(Standing(109, 100.0, {}), 9.0) == 0

    def test_it_ends_when_the_moves_show(self) -> None:
        shedding, even = Shedding(0.01, 0.0), Standing(100, 100.0, {})
        shedding.due(Standing(200, 100.0, {}), 0.0)
        told = [shedding.due(even, float(second)) for second in range(1, 6)]
        # What was counted twice counts once now.
        told.append(shedding.due(Standing(102, 98.0, {}), 6.0))
        assert told == [0, 0, 0, 0, 0, 1]

    def test_parts_of_a_channel_add_up(self) -> None:
        shedding, crowded = Shedding(0.01, 0.0), Standing(25, 10.0, {})
        assert sum(shedding.due(crowded, second / 2) for second in range(81)) == 10

    def test_no_burst_after_a_pause(self) -> None:
        shedding, crowded = Shedding(0.01, 0.0), Standing(1000, 500.0, {})
        shedding.due(crowded, 0.0)
        assert shedding.due(crowded, 60.0) == 20

    def test_never_more_than_the_surplus(self) -> None:
        shedding, standing = Shedding(1.0, 0.0), Standing(200, 100.0, {})
        shedding.due(standing, 0.0)
        assert shedding.due(standing, 1.0) == standing.surplus == 100


class TestWorld:
    """Many nodes, each for itself, by records that are late and off."""

    @staticmethod
    def is_even(world: World) -> bool:
        """Tell whether all are near their targets, but for what is too little to begin with."""
        least = LEAST * (len(world.nodes) - 1)
        return all(
            -max(OFF * target, least) <= node.count - target <= max(OFF * target, LEAST)
            for node, target in world.targets().items()
        )

    @settings(derandomize=True)
    @given(
        st.integers(0, 2**32),
        st.lists(st.tuples(st.integers(0, 600), st.integers(1, 4)), min_size=1, max_size=4),
        st.lists(st.integers(1, 4), min_size=1, max_size=3),
    )
    def test_it_levels_out_and_then_rests(
        self, seed: int, old: list[tuple[int, int]], new: list[int]
    ) -> None:
        world = World(seed)
        for count, weight in old:
            world.add(count, weight=weight)
        for weight in new:
            world.add(0, weight=weight)
        needed = sum(max(0.0, n.count - target) for n, target in world.targets().items())
        world.run(300.0)
        assert self.is_even(world), [(n.count, t) for n, t in world.targets().items()]
        moves = world.moves
        assert moves <= needed * 1.25 + LEAST
        world.run(300.0)
        assert world.moves == moves
        for channel in world.all_channels():
            assert all(b - a >= MOVED_FOR for a, b in itertools.pairwise(channel.moves))

    @settings(derandomize=True)
    @given(st.integers(0, 2**32), st.lists(st.integers(1, 4), min_size=2, max_size=5))
    def test_an_even_cluster_is_left_alone(self, seed: int, weights: list[int]) -> None:
        world = World(seed)
        for weight in weights:
            world.add(int(100 * weight * world.random.uniform(0.95, 1.05)), weight=weight)
        world.run(300.0)
        assert world.moves == 0

    def test_a_third_node_is_filled_within_a_minute(self) -> None:
        world = World()
        world.add(500)
        world.add(500)
        world.run(60.0)
        world.add(0)
        world.run(50.0)
        assert self.is_even(world)
        assert max(len(channel.moves) for channel in world.all_channels()) == 1

    def test_a_node_that_dies_while_it_is_filled(self) -> None:
        world = World()
        world.add(500)
        world.add(500)
        newcomer = world.add(0)
        world.run(40.0)
        world.kill(newcomer)
        before = world.moves
        world.run(300.0)
        assert world.moves - before <= 10  # until its clients are back
        assert self.is_even(world)

    def test_clients_that_do_not_move_are_told_once(self) -> None:
        world = World()
        world.add(300, stubborn=True)
        movable = world.add(300)
        newcomer = world.add(0)
        world.run(MOVED_FOR - PATIENCE)
        assert max(len(channel.moves) for channel in world.all_channels()) == 1
        assert newcomer.count >= 90
        assert movable.count >= 190  # 200, but for what the records are off

    def test_those_who_do_not_move_hold_up_nobody(self) -> None:
        world = World()
        crowded = world.add(200)
        for channel in crowded.channels[:100]:
            channel.stays = True
        newcomer = world.add(0)
        world.run(200.0)
        assert newcomer.count == pytest.approx(100, abs=15)
