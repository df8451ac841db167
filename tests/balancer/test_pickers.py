"""Tests of the pickers that all requests share."""

from collections import Counter

import pytest

from balancer.pickers import Pickers
from cluster.errors import InvalidName
from tests.balancer.nodes import ids, node, nodes, snapshot

EAST_AND_WEST = snapshot(node("e", zone="east"), node("w", zone="west"))


def test_requests_share_one_rotation() -> None:
    pickers = Pickers("")
    records = snapshot(*nodes(1, 1, 1))
    picked = Counter(
        pickers.candidates("round_robin", None, records, None, 1)[0].node_id for _ in range(300)
    )
    assert picked == dict.fromkeys("abc", 100)


def test_another_policy_s_picks_do_not_advance_it() -> None:
    pickers = Pickers("")
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
    pickers = Pickers(own)
    for _ in range(4):
        assert pickers.candidates("round_robin", asked, EAST_AND_WEST, None, 2)[0].node_id == first


def test_a_zone_where_no_node_is_prefers_nobody() -> None:
    pickers = Pickers("")
    picked = {
        pickers.candidates("round_robin", f"made up {i}", EAST_AND_WEST, None, 1)[0].node_id
        for i in range(4)
    }
    assert picked == {"e", "w"}


def test_refuses_a_policy_that_does_not_exist() -> None:
    with pytest.raises(InvalidName):
        Pickers("").candidates("fastest", None, EAST_AND_WEST, None, 1)
