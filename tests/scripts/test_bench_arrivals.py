"""Arrivals notice whatever is wrong with a stream."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scripts.bench_lib.arrivals import Arrivals


def taken(numbers: list[int]) -> Arrivals:
    arrivals = Arrivals()
    for moment, number in enumerate(numbers):
        arrivals.take(number, float(moment))
    return arrivals


def test_the_plain_case() -> None:
    arrivals = taken([1, 2, 3])
    assert arrivals.times == [0.0, 1.0, 2.0]
    assert (arrivals.lost(3), arrivals.doubled, arrivals.disordered) == (0, 0, 0)
    assert arrivals.lost(5) == 2


def test_a_late_one_is_out_of_order_and_not_lost() -> None:
    arrivals = taken([1, 3, 2])
    assert arrivals.times == [0.0, 2.0, 1.0]
    assert (arrivals.lost(3), arrivals.doubled, arrivals.disordered) == (0, 0, 1)


def test_only_the_first_arrival_counts() -> None:
    arrivals = Arrivals()
    assert arrivals.take(1, 0.0)
    assert not arrivals.take(1, 1.0)
    assert arrivals.times == [0.0]


@given(st.lists(st.integers(1, 30), max_size=60))
def test_losses_and_doubles_add_up(numbers: list[int]) -> None:
    arrivals = taken(numbers)
    assert arrivals.lost(30) == 30 - len(set(numbers))
    assert arrivals.doubled == len(numbers) - len(set(numbers))
    assert (arrivals.disordered > 0) == (list(dict.fromkeys(numbers)) != sorted(set(numbers)))
