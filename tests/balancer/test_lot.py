"""Tests of the lots."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.lot import draw_lot
from tests.balancer.nodes import seeded


@given(st.integers(1, 1_000_000), st.floats(0, 1, exclude_max=True))
def test_is_never_negative_nor_infinite(weight: int, uniform: float) -> None:
    assert 0 <= draw_lot(weight, uniform) < float("inf")


def test_the_smallest_falls_to_each_by_weight() -> None:
    random = seeded()
    weights = {"a": 1, "b": 3, "c": 6}
    won = Counter(
        min(weights, key=lambda name: draw_lot(weights[name], random())) for _ in range(50_000)
    )
    for name, weight in weights.items():
        assert won[name] / 50_000 == pytest.approx(weight / 10, abs=0.01)
