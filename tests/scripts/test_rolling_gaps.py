"""Gaps are from the loss of a channel to the next one, and the longest of each client counts."""

from __future__ import annotations

from scripts.rolling_lib.gaps import GapFigures, Gaps


def test_who_moves_has_no_gap() -> None:
    gaps = Gaps()
    gaps.found("bob", 3.0)
    assert gaps.longest(9.0) == {}
    assert gaps.figures(10, 9.0) == GapFigures(0, 0.0, 0.0, 0.0)


def test_the_longest_of_each_client_counts() -> None:
    gaps = Gaps()
    for lost, found in ((1.0, 1.5), (3.0, 3.25)):
        gaps.lost("bob", lost)
        gaps.found("bob", found)
    gaps.lost("carol", 4.0)
    gaps.found("carol", 4.125)
    assert gaps.longest(9.0) == {"bob": 0.5, "carol": 0.125}


def test_one_that_goes_on_counts_until_now() -> None:
    gaps = Gaps()
    gaps.lost("bob", 4.0)
    gaps.lost("bob", 5.0)
    assert gaps.longest(6.0) == {"bob": 2.0}


def test_clients_without_a_gap_count_as_zero() -> None:
    gaps = Gaps()
    for number in range(3):
        gaps.lost(f"user-{number}", 1.0)
        gaps.found(f"user-{number}", 2.0 + number)
    assert gaps.figures(100, 9.0) == GapFigures(3, 0.0, 3.0, 3.0)
    assert gaps.figures(1000, 9.0) == GapFigures(3, 0.0, 0.0, 3.0)
