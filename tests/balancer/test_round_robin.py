"""Tests of the policy `round_robin`."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.round_robin import RoundRobin
from tests.balancer.nodes import NOBODY, ids, node, nodes, pick, seeded, tally, weights_of_nodes


def test_three_equal_nodes_get_a_hundred_of_three_hundred_picks_each() -> None:
    assert tally(RoundRobin(seeded()), nodes(1, 1, 1), [None] * 300) == dict.fromkeys("abc", 100)


def test_is_as_smooth_as_nginx() -> None:
    # With every lot alike the first node begins, as in nginx; the sequence is its commit message's.
    policy = RoundRobin(lambda: 0.0)
    assert [pick(policy, nodes(5, 1, 1)) for _ in range(7)] == list("aabacaa")


@given(weights_of_nodes, st.integers())
def test_a_round_gives_each_node_exactly_its_weight(weights: list[int], seed: int) -> None:
    records = nodes(*weights)
    counts = tally(RoundRobin(seeded(seed)), records, [None] * sum(weights) * 3)
    assert counts == {record.node_id: record.weight * 3 for record in records}


def test_the_first_pick_is_random_by_weight() -> None:
    random = seeded()
    counts = Counter(pick(RoundRobin(random), nodes(1, 3)) for _ in range(10_000))
    assert counts["b"] / 10_000 == pytest.approx(0.75, abs=0.02)


def test_the_next_candidates_are_the_next_in_turn() -> None:
    policy = RoundRobin(seeded())
    records = nodes(1, 1, 1)
    first = ids(policy.order(records, None, NOBODY))
    assert [pick(policy, records) for _ in range(2)] == first[1:]


def test_clients_that_lost_the_same_node_spread_over_the_others() -> None:
    random = seeded()
    seconds = Counter(
        ids(RoundRobin(random).order(nodes(1, 1, 1), None, frozenset("a")))[0] for _ in range(2000)
    )
    assert set(seconds) == {"b", "c"}
    assert seconds["b"] == pytest.approx(1000, abs=120)


def test_only_taking_a_record_advances_the_rotation() -> None:
    policy = RoundRobin(seeded())
    records = nodes(1, 1, 1)
    for _ in range(5):
        policy.order(records, None, NOBODY)
    assert tally(policy, records, [None] * 3) == dict.fromkeys("abc", 1)


def test_a_newcomer_gets_its_share_and_no_burst() -> None:
    policy = RoundRobin(seeded())
    tally(policy, nodes(1, 1, 1), [None] * 1000)
    assert tally(policy, nodes(1, 1, 1, 1), [None] * 40)["d"] in (9, 10, 11)


def test_a_node_that_leaves_takes_nothing_of_the_turns_of_others() -> None:
    policy = RoundRobin(seeded())
    tally(policy, nodes(7, 2, 1), [None] * 13)
    counts = tally(policy, nodes(7, 2), [None] * 90)
    assert counts["a"] == pytest.approx(70, abs=2)


def test_an_avoided_node_gets_nothing_and_is_owed_nothing() -> None:
    policy = RoundRobin(seeded())
    records = nodes(1, 1, 1)
    for _ in range(100):
        assert "a" not in ids(policy.order(records, None, frozenset("a")))
    assert tally(policy, records, [None] * 30)["a"] in (9, 10, 11)


def test_a_weight_that_falls_does_not_starve_the_node() -> None:
    policy = RoundRobin(seeded())
    tally(policy, (node("a", weight=1_000_000), node("b")), [None] * 10)
    counts = tally(policy, nodes(1, 1), [None] * 100)
    assert counts["a"] == pytest.approx(50, abs=3)


@given(st.lists(st.tuples(weights_of_nodes, st.integers(1, 30)), min_size=2, max_size=5))
def test_any_change_of_the_list_leaves_the_shares_right(
    phases: list[tuple[list[int], int]],
) -> None:
    policy = RoundRobin(seeded())
    for weights, picks in phases:
        tally(policy, nodes(*weights), [None] * picks)
    weights, _ = phases[-1]
    counts = tally(policy, nodes(*weights), [None] * sum(weights) * 10)
    for record in nodes(*weights):
        assert counts[record.node_id] == pytest.approx(record.weight * 10, abs=len(weights) + 1)


def test_no_nodes_no_candidates() -> None:
    assert ids(RoundRobin(seeded()).order((), None, NOBODY)) == []
