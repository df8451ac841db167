"""Tests of the table of policies."""

import pytest
from hypothesis import given

from balancer.policy import DEFAULT_POLICY, POLICIES, check_policy, make_policy
from cluster.errors import InvalidName
from cluster.record import NodeRecord
from tests.balancer.nodes import ids, keys, records_of_any_kind, seeded

policies = pytest.mark.parametrize("name", POLICIES)


@policies
@given(records=records_of_any_kind, key=keys)
def test_every_policy_yields_all_but_the_avoided_once(
    name: str, records: tuple[NodeRecord, ...], key: str | None
) -> None:
    policy = make_policy(name, wall_clock=lambda: 0.0, random=seeded())
    avoid = frozenset(ids(records)[::3])
    expected = sorted(set(ids(records)) - avoid)
    assert sorted(ids(policy.order(records, key, avoid))) == expected


@policies
def test_every_name_is_of_a_policy_of_its_own(name: str) -> None:
    policy = make_policy(name, wall_clock=lambda: 0.0, random=seeded())
    assert type(policy).__name__.lower() == name.replace("_", "")
    assert check_policy(name) == name


def test_the_default_is_a_policy() -> None:
    assert DEFAULT_POLICY in POLICIES


@pytest.mark.parametrize("name", ["", "Round_Robin", "random"])
def test_an_unknown_name_is_told_which_there_are(name: str) -> None:
    with pytest.raises(InvalidName, match="round_robin, ip_hash, consistent_hash, least_loaded"):
        make_policy(name, wall_clock=lambda: 0.0, random=seeded())
