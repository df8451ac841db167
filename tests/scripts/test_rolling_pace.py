"""The pace finds the busiest second, wherever it begins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scripts.rolling_lib.pace import Pace, even_pace, peak_of

MOMENTS = st.lists(st.floats(0, 20), max_size=40)


def test_the_busiest_second_may_begin_anywhere() -> None:
    assert peak_of([]) == 0
    assert peak_of([0.9, 1.0, 1.1, 1.8, 5.0]) == 4
    assert peak_of([3.0, 0.0, 1.0, 2.0]) == 1


@given(MOMENTS)
def test_it_is_what_counting_from_each_moment_finds(moments: list[float]) -> None:
    counts = [sum(one - 1.0 < other <= one for other in moments) for one in moments]
    assert abs(peak_of(moments) - max(counts, default=0)) <= _at_the_border(moments)


def _at_the_border(moments: list[float]) -> int:
    """Return how many pairs lie a second apart so exactly that rounding decides."""
    return sum(abs(abs(one - other) - 1.0) < 1e-9 for one in moments for other in moments)


@given(st.integers(1, 1000), st.floats(1.0, 60.0))
def test_who_goes_evenly_has_about_the_even_pace(clients: int, within: float) -> None:
    even = even_pace(clients, within)
    peak = peak_of(number / even for number in range(clients))
    assert peak <= even + 2


def test_the_even_pace_is_that_of_a_second_at_least() -> None:
    assert even_pace(100, 10.0) == 10.0
    assert even_pace(100, 0.1) == 100.0


def test_the_ratio_of_nothing() -> None:
    assert Pace(10.0, 15).ratio == 1.5
    assert Pace(0.0, 0).ratio == 0.0
    assert Pace(0.0, 1).ratio == float("inf")
