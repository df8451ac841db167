"""Tests of the pickers that all requests share."""

from collections import Counter

import pytest

from balancer.failures import FailureMemory
from balancer.pickers import Pickers
from balancer.policy import POLICIES
from cluster.errors import InvalidName
from tests.balancer.nodes import ids, node, nodes, snapshot

EAST_AND_WEST = snapshot(node("e", zone="east"), node("w", zone="west"))


def make(zone: str = "") -> Pickers:
    """Return pickers without any memory of failures."""
    return Pickers(zone, FailureMemory(lambda: 0.0))


def test_requests_share_one_rotation() -> None:
    pickers = make()
    records = snapshot(*nodes(1, 1, 1))
    picked = Counter(
        pickers.candidates("round_robin", None, records, None, 1)[0].node_id for _ in range(300)
    )
    assert picked == dict.fromkeys("abc", 100)


def test_another_policy_s_picks_do_not_advance_it() -> None:
    pickers = make()
    records = snapshot(*nodes(1, 1, 1))
    picked = []
    for _ in range(3):
        picked += ids(pickers.candidates("round_robin", None, records, None, 1))
        pickers.candidates("least_loaded", None, records, None, 1)
    assert sorted(picked) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("own", "asked", "first"),
    [("east", None, "e"), ("east", "west", "w"), ("", "east", "e"), ("west", "east", "e")],
)
def test_prefers_the_zone_asked_for_or_else_its_own(
    own: str, asked: str | None, first: str
) -> None:
    pickers = make(own)
    for _ in range(4):
        assert pickers.candidates("round_robin", asked, EAST_AND_WEST, None, 2)[0].node_id == first


def test_a_zone_where_no_node_is_prefers_nobody() -> None:
    pickers = make()
    picked = {
        pickers.candidates("round_robin", f"made up {i}", EAST_AND_WEST, None, 1)[0].node_id
        for i in range(4)
    }
    assert picked == {"e", "w"}


def test_refuses_a_policy_that_does_not_exist() -> None:
    with pytest.raises(InvalidName):
        make().candidates("fastest", None, EAST_AND_WEST, None, 1)


def test_a_failure_counts_for_every_policy() -> None:
    failures = FailureMemory(lambda: 0.0)
    failures.failed("a")
    pickers = Pickers("", failures)
    for policy in POLICIES:
        for i in range(6):
            key = f"10.0.{i}.1"
            candidates = pickers.candidates(policy, None, snapshot(*nodes(1, 1, 1)), key, 3)
            assert candidates[-1].node_id == "a"
