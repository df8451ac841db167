"""Tests of the policy `least_loaded`."""

from collections import Counter
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balancer.least_loaded import SLOW_START, LeastLoaded, ramp
from tests.balancer.nodes import NOBODY, ids, node, nodes, pick, seeded, tally, weights_of_nodes

NOW = 1000.0


def make(seed: int = 1) -> LeastLoaded:
    """Return the policy with a chance that is the same in each run."""
    return LeastLoaded(lambda: NOW, seeded(seed))


def fill(weights: list[int], picks: int, lag: int) -> Counter[str]:
    """Connect clients one by one; the loads in the records are up to `lag` connections old."""
    policy = make()
    loads: Counter[str] = Counter()
    records = nodes(*weights)
    for i in range(picks):
        if i % lag == 0:
            records = tuple(
                node(record.node_id, weight=record.weight, load=loads[record.node_id])
                for record in records
            )
        loads[pick(policy, records)] += 1
    return loads


# The same weights in each run, since noise is allowed for only so far: no test may fail by chance.
@settings(max_examples=25, derandomize=True)
@given(weights_of_nodes)
def test_honours_weights_at_equal_loads(weights: list[int]) -> None:
    counts = tally(make(), nodes(*weights), [None] * 2000)
    for record in nodes(*weights):
        share = record.weight / sum(weights)
        noise = 4.5 * sqrt(share * (1 - share) / 2000)
        assert abs(counts[record.node_id] / 2000 - share) <= 0.03 * share + noise


@pytest.mark.parametrize("weights", [[1, 1, 1], [1, 2, 3], [5, 1, 4]])
def test_nodes_fill_up_by_weight_within_three_percent(weights: list[int]) -> None:
    loads = fill(weights, picks=3000, lag=10)
    for record in nodes(*weights):
        expected = 3000 * record.weight / sum(weights)
        assert loads[record.node_id] == pytest.approx(expected, rel=0.03)


@settings(max_examples=20)
@given(weights_of_nodes)
def test_nodes_of_any_weights_fill_up_within_three_percent(weights: list[int]) -> None:
    loads = fill(weights, picks=2000, lag=10)
    for record in nodes(*weights):
        expected = 2000 * record.weight / sum(weights)
        # Channels are whole, and the last ten are not known yet.
        assert abs(loads[record.node_id] - expected) <= 0.03 * expected + 3


def test_does_not_pile_up_on_loads_that_are_old() -> None:
    loads = fill([1] * 26, picks=13_000, lag=1000)
    assert max(loads.values()) / (13_000 / 26) <= 1.25


def test_never_takes_the_more_loaded_of_the_two() -> None:
    records = (node("a", load=90), node("b", load=10))
    counts = tally(make(), records, [None] * 1000)
    # a is taken only where both draws fall to it, a quarter of the time.
    assert counts["a"] == pytest.approx(250, abs=60)


def test_compares_load_for_its_weight() -> None:
    records = (node("a", weight=10, load=50), node("b", weight=1, load=20))
    assert tally(make(), records, [None] * 500)["a"] > 490


def test_an_empty_newcomer_does_not_get_everyone() -> None:
    old = [node(f"n{i}", load=1000) for i in range(49)]
    counts = tally(make(), [*old, node("new", started=NOW - SLOW_START)], [None] * 2000)
    assert counts["new"] / 2000 <= 2 / 50 + 0.015


def test_a_newcomer_starts_slowly() -> None:
    old = [node("a", load=1000), node("b", load=1000)]
    shares = [
        tally(make(), [*old, node("new", started=NOW - age)], [None] * 2000)["new"] / 2000
        for age in (0.0, 15.0, 30.0)
    ]
    assert shares[0] < 0.13 < shares[1] < shares[2] < 0.62


@pytest.mark.parametrize(
    ("age", "share"),
    [(0, 0.1), (1, 0.1), (6, 0.2), (15, 0.5), (30, 1), (1e6, 1), (-5, 0.1), (-31, 1), (-1e6, 1)],
)
def test_the_ramp(age: float, share: float) -> None:
    assert ramp(age) == pytest.approx(share)


def test_the_loser_of_the_draw_is_next() -> None:
    # The two draws fall to the second and the third of four equal nodes.
    numbers = iter([0.3, 0.6, 0.5, 0.5])
    policy = LeastLoaded(lambda: NOW, lambda: next(numbers))
    records = (node("a"), node("b", load=9), node("c", load=3), node("d"))
    assert ids(policy.order(records, None, NOBODY))[:2] == ["c", "b"]


@given(st.floats(0, 1, exclude_max=True))
def test_any_random_number_picks_a_node(uniform: float) -> None:
    policy = LeastLoaded(lambda: NOW, lambda: uniform)
    records = [node(f"n{i}", weight=3, started=NOW - i) for i in range(7)]
    assert sorted(ids(policy.order(records, None, NOBODY))) == sorted(ids(records))


def test_no_nodes_no_candidates() -> None:
    assert ids(make().order((), None, NOBODY)) == []
