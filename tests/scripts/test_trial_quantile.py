"""Quantiles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scripts.trial_lib.quantile import quantile


def test_known_ones() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert [quantile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 51, 100, 100]
    assert quantile([], 0.5) == 0.0


@given(st.lists(st.floats(0, 10), min_size=1), st.floats(0, 1))
def test_at_least_that_share_does_not_exceed_it(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
