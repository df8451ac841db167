"""The schedule is a function of the seed, holds each kind, and leaves room to recover."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.chaos_lib.faults import TRAITS, Fault, Kind, possible_kinds
from scripts.chaos_lib.schedule import ENOUGH_FOR_ALL, QUIET_BEGIN, make_schedule, missing
from scripts.trial_lib.target import SERVICES, Target

OWN = possible_kinds()
FOREIGN = possible_kinds(frozenset(SERVICES))


def together(one: Fault, other: Fault) -> bool:
    return one.at < other.at + other.lasts and other.at < one.at + one.lasts


@given(seed=st.integers(), kinds=st.sampled_from([OWN, FOREIGN]), nodes=st.integers(3, 6))
def test_each_kind_occurs_when_there_is_time_enough(
    seed: int, kinds: Sequence[Kind], nodes: int
) -> None:
    assert missing(make_schedule(seed, ENOUGH_FOR_ALL, nodes, 5.0, kinds), kinds) == []


@given(
    seed=st.integers(),
    seconds=st.floats(1, 150),
    nodes=st.integers(1, 4),
    session_timeout=st.floats(2, 10),
)
@settings(max_examples=30)
def test_faults_leave_room(seed: int, seconds: float, nodes: int, session_timeout: float) -> None:
    schedule = make_schedule(seed, seconds, nodes, session_timeout, OWN)
    assert list(schedule) == sorted(schedule, key=lambda fault: (fault.at, fault.kind))
    for fault in schedule:
        traits = TRAITS[fault.kind]
        assert QUIET_BEGIN <= fault.at
        assert fault.at + fault.lasts <= seconds
        lasts = fault.lasts - traits.sessions * session_timeout
        assert traits.least - 0.01 <= lasts <= traits.most + 0.01
        assert (fault.node is not None) == (traits.target is Target.NODE)
        assert fault.node is None or 0 <= fault.node < nodes
    for one, other in combinations(schedule, 2):
        assert one.target != other.target or not together(one, other)


@given(seed=st.integers(), nodes=st.integers(2, 4))
@settings(max_examples=50)
def test_one_node_is_always_well(seed: int, nodes: int) -> None:
    schedule = [
        fault for fault in make_schedule(seed, 90, nodes, 5.0, OWN) if fault.node is not None
    ]
    for fault in schedule:
        ill = {other.node for other in schedule if other.at <= fault.at < other.at + other.lasts}
        assert len(ill) < nodes


def test_the_same_seed_makes_the_same_schedule() -> None:
    first = make_schedule(7, 60, 3, 5.0, OWN)
    assert first == make_schedule(7, 60, 3, 5.0, OWN)
    assert first != make_schedule(8, 60, 3, 5.0, OWN)
    # It may not depend on the release of Python either.
    assert str(first[0]) == "   2.0 s  leave for 7.9 s"


def test_little_time_means_few_faults() -> None:
    assert make_schedule(1, 3, 3, 5.0, OWN) == ()
    assert 0 < len(make_schedule(1, 20, 3, 5.0, OWN)) <= 6


def test_nothing_is_wanted() -> None:
    assert make_schedule(1, 120, 3, 5.0, ()) == ()
    assert missing((), OWN) == list(OWN)


def test_one_kind_comes_again_and_again() -> None:
    schedule = make_schedule(1, 60, 3, 5.0, [Kind.KILL_NODE])
    assert len(schedule) > 5
    assert {fault.kind for fault in schedule} == {Kind.KILL_NODE}
