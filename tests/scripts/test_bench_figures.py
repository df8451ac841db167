"""Figures are written so that they can be read."""

from __future__ import annotations

import math

import pytest

from scripts.bench_lib.figures import FIGURES, Figure


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1234.5, "1,234"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.0, "0.00")],
)
def test_three_digits_say_enough(value: float, shown: str) -> None:
    assert Figure("x").show(value) == shown


def test_decimals_may_be_fixed() -> None:
    assert Figure("x", 0).show(12345.6) == "12,346"
    assert Figure("x", 3).show(0.01234) == "0.012"


def test_what_is_not_known_is_a_hyphen() -> None:
    assert Figure("x").show(math.nan) == "-"


def test_titles_tell_the_figures_apart() -> None:
    assert len({figure.title for figure in FIGURES.values()}) == len(FIGURES)
