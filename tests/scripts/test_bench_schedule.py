"""An open loop has the rate that it is told, and each pair its own even beat."""

from __future__ import annotations

import random
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.bench_lib.schedule import open_loop


@given(st.integers(1, 50), st.floats(1.0, 5000.0), st.integers(0, 9))
def test_times_grow_and_each_pair_has_its_turn(pairs: int, rate: float, seed: int) -> None:
    schedule = open_loop(pairs, rate, random.Random(seed))
    rounds = [[next(schedule) for _ in range(pairs)] for _ in range(3)]
    times = [at for turn in rounds for at, _ in turn]
    assert times == sorted(times)
    for turn in rounds:
        assert sorted(index for _, index in turn) == list(range(pairs))
    period = pairs / rate
    for (first, pair), (second, again) in zip(rounds[0], rounds[1], strict=True):
        assert 0 <= first < period
        assert pair == again
        assert second == pytest.approx(first + period)


def test_the_rate_is_kept() -> None:
    schedule = open_loop(100, 2000.0, random.Random(1))
    in_a_second = list(takewhile(lambda entry: entry[0] < 1.0, schedule))
    assert len(in_a_second) == 2000


def test_the_seed_decides() -> None:
    def first(seed: int) -> tuple[float, int]:
        return next(open_loop(10, 10.0, random.Random(seed)))

    assert first(1) == first(1) != first(2)
