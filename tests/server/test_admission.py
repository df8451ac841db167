"""Admission: who is turned away, and when they may come back."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.admission import Admission, Refusal


class Gate:
    """An admission at a time that the test sets."""

    def __init__(self, *, limit: int | None = None, rate: float = 0.0, seed: int = 1) -> None:
        self.now = 100.0
        self.open = 0
        self.admission = Admission(
            lambda: self.open,
            max_connections=limit,
            accept_rate=rate,
            clock=lambda: self.now,
            random=random.Random(seed).random,
        )

    def come(self) -> Refusal | None:
        """Have one client come, who stays if it is let in."""
        refusal = self.admission.check()
        self.open += refusal is None
        return refusal

    def crowd(self, count: int) -> list[Refusal]:
        """Have many come at once; return how those were turned away that were."""
        return [refusal for _ in range(count) if (refusal := self.come())]


def test_without_limits_everyone_is_let_in() -> None:
    assert Gate().crowd(10_000) == []


def test_a_full_node_turns_away_until_somebody_leaves() -> None:
    gate = Gate(limit=3)
    assert {refusal.reason for refusal in gate.crowd(5)} == {"full"}
    assert gate.open == 3
    gate.open = 2
    assert gate.come() is None
    assert gate.come() is not None


def test_sockets_beyond_the_limit_are_to_be_cut_off() -> None:
    admission = Admission(lambda: 0, max_connections=None, max_sockets=2, accept_rate=0.0)
    assert [admission.arrived() for _ in range(3)] == [True, True, False]
    admission.left()
    assert not admission.arrived()
    for _ in range(3):
        admission.left()
    assert [admission.arrived() for _ in range(3)] == [True, True, False]


def test_a_draining_node_turns_everyone_away() -> None:
    gate = Gate(limit=1)
    gate.open = 1
    gate.admission.draining = True
    assert {refusal.reason for refusal in gate.crowd(100)} == {"draining"}


@pytest.mark.parametrize(("draining", "expected"), [(True, range(1, 6)), (False, range(6, 16))])
def test_those_who_are_turned_away_do_not_come_back_together(
    draining: bool, expected: range
) -> None:
    gate = Gate(limit=0)
    gate.admission.draining = draining
    seconds = Counter(refusal.retry_after for refusal in gate.crowd(10_000))
    assert set(seconds) == set(expected)
    even = 10_000 / len(expected)
    assert all(0.8 * even < count < 1.2 * even for count in seconds.values())


def test_one_seconds_worth_may_come_at_once_and_then_as_many_as_the_rate_allows() -> None:
    gate = Gate(rate=10.0)
    assert len(gate.crowd(30)) == 20
    gate.now += 0.35
    assert len(gate.crowd(30)) == 27
    gate.now += 1000.0
    assert len(gate.crowd(30)) == 20, "a quiet hour is worth no more than a second"
    assert {refusal.reason for refusal in gate.crowd(3)} == {"hurried"}


def test_a_rate_below_one_lets_one_in_from_time_to_time() -> None:
    gate = Gate(rate=0.5)
    assert gate.come() is None
    gate.now += 1.9
    assert gate.come() is not None
    gate.now += 0.2
    assert gate.come() is None


def test_a_node_that_is_full_spends_no_part_of_its_rate() -> None:
    gate = Gate(limit=1, rate=1.0)
    gate.open = 1
    assert {refusal.reason for refusal in gate.crowd(10)} == {"full"}
    gate.open = 0
    assert gate.come() is None


def test_the_larger_the_crowd_the_later_it_comes_back() -> None:
    waits = []
    for size in (100, 1000, 3000):
        gate = Gate(rate=100.0)
        refusals = gate.crowd(size + 100)
        waits.append(sum(refusal.retry_after for refusal in refusals) / size)
    assert waits == sorted(waits)
    assert waits[0] < 4.0
    assert waits[2] > 15.0


def test_the_crowd_is_forgotten_when_its_time_is_over() -> None:
    gate = Gate(rate=100.0)
    gate.crowd(3000)
    gate.now += 60.0
    assert all(refusal.retry_after <= 4 for refusal in gate.crowd(150))


@given(crowd=st.integers(150, 3000), seed=st.integers(0, 1000))
def test_a_crowd_that_comes_when_it_is_told_is_soon_inside(crowd: int, seed: int) -> None:
    """300 clients at 100 a second, for instance: soon, and without an endless row of refusals."""
    gate = Gate(rate=100.0, seed=seed)
    chance = random.Random(seed)
    coming = [gate.now] * crowd
    ideal = gate.now + crowd / 100.0
    tries = 0
    while coming:
        coming.sort()
        gate.now = coming.pop(0)
        tries += 1
        refusal = gate.come()
        if refusal is not None:
            # As the SDK does it: what it was told, stretched at random.
            coming.append(gate.now + refusal.retry_after * chance.uniform(1.0, 1.25))
    assert gate.open == crowd
    assert gate.now < ideal + 15.0 + 1.5 * (crowd / 100.0)
    assert tries < 4 * crowd


@given(st.floats(0.01, 1000.0), st.lists(st.floats(0.0, 50.0), max_size=200))
def test_never_more_than_the_rate_and_a_burst(rate: float, pauses: list[float]) -> None:
    gate = Gate(rate=rate)
    for pause in pauses:
        gate.now += pause
        refusal = gate.come()
        assert refusal is None or 1 <= refusal.retry_after <= 61
    assert gate.open <= max(1.0, rate) + rate * sum(pauses) + 1e-6 * (1 + sum(pauses) * rate)
