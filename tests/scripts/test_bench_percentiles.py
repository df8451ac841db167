"""Percentiles and medians are what they are called."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from scripts.bench_lib.percentiles import medians, percentile


@given(st.lists(st.integers(0, 100), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_the_smallest_value_that_covers_its_share(
    values: list[int], share: float
) -> None:
    ordered = sorted(float(value) for value in values)
    found = percentile(ordered, share)
    covered = sum(value <= found for value in ordered) / len(ordered)
    below = sum(value < found for value in ordered) / len(ordered)
    assert below < share <= covered


def test_well_known_percentiles() -> None:
    hundred = [float(n) for n in range(1, 101)]
    assert (percentile(hundred, 0.5), percentile(hundred, 0.99)) == (50.0, 99.0)
    assert math.isnan(percentile([], 0.5))


def test_medians_pass_over_what_is_not_known() -> None:
    found = medians([{"a": 1.0, "b": math.nan}, {"a": 9.0, "b": 2.0}, {"a": 3.0, "b": math.nan}])
    assert found == {"a": 3.0, "b": 2.0}
    assert math.isnan(medians([{"a": math.nan}])["a"])
