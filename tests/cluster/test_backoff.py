"""Waiting times double up to a cap, and are spread by chance."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from cluster.backoff import equal_jitter, full_jitter

Jitter = Callable[..., Iterator[float]]


def first(times: Iterator[float], count: int) -> list[float]:
    return list(itertools.islice(times, count))


def test_limits_double_up_to_the_cap() -> None:
    assert first(full_jitter(1, 8, uniform=lambda _low, high: high), 6) == [1, 2, 4, 8, 8, 8]
    assert first(equal_jitter(3, 8, uniform=lambda _low, high: high), 4) == [3, 6, 8, 8]


def test_how_little_it_may_be() -> None:
    assert first(full_jitter(1, 8, uniform=lambda low, _high: low), 3) == [0, 0, 0]
    assert first(equal_jitter(1, 8, uniform=lambda low, _high: low), 5) == [0.5, 1, 2, 4, 4]


@pytest.mark.parametrize("jitter", [full_jitter, equal_jitter])
def test_a_base_above_the_cap_is_cut(jitter: Jitter) -> None:
    assert max(first(jitter(100, 2), 20)) <= 2


@pytest.mark.parametrize("jitter", [full_jitter, equal_jitter])
def test_chance_spreads_them(jitter: Jitter) -> None:
    assert len(set(first(jitter(1, 1), 50))) > 40


def test_it_never_ends() -> None:
    times = full_jitter(0.001, 60)
    assert all(0 <= wait <= 60 for wait in first(times, 2000))
