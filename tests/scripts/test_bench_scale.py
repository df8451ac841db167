"""Scales hold all values, and their ticks are round."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.bench_lib.scale import Scale


@given(st.lists(st.floats(0.001, 1e9), min_size=1))
def test_a_linear_scale_holds_every_value(values: list[float]) -> None:
    scale = Scale.linear(values)
    assert all(0 <= scale.place(value) <= 1 + 1e-9 for value in values)
    assert 2 <= len(scale.ticks) <= 12
    # Not more than half of the room is wasted.
    assert scale.place(max(values)) > 0.5


@given(st.sets(st.floats(0.1, 1e6), min_size=2))
def test_a_logarithmic_scale_goes_from_the_least_to_the_most(values: set[float]) -> None:
    scale = Scale.of_values(values)
    places = [scale.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, 1)


def test_well_known_scales() -> None:
    assert Scale.linear([47.0]).ticks == (0, 10, 20, 30, 40, 50)
    assert Scale.of_values([2, 4, 8, 16, 4]).ticks == (2, 4, 8, 16)
    assert Scale.of_values([2, 4, 8]).place(4) == pytest.approx(0.5)
    assert Scale.of_values([5.0]).place(5.0) == pytest.approx(0.5)
    assert Scale.linear([]).high > 0
