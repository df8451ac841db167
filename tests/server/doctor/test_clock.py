"""Clocks: what a question and its answer can tell of them."""

import pytest

from server.doctor.clock import Skew, judge_clock
from server.doctor.finding import Findings, Level


def test_a_clock_is_compared_with_the_middle_of_the_question() -> None:
    assert Skew.measured(10.0, 16.0, 12.0) == Skew(5.0, 1.0)


@pytest.mark.parametrize(
    ("skew", "level", "found"),
    [
        (Skew(0.3, 0.1), Level.OK, "0.3 s ahead of"),
        (Skew(-90.0, 0.1), Level.WARN, "90.0 s behind"),
        (Skew(90.0, 0.1), Level.WARN, "90.0 s ahead of"),
        # An answer that took so long proves nothing.
        (Skew(4.0, 3.0), Level.OK, "4.0 s ahead of"),
    ],
)
def test_a_clock_that_is_surely_wrong_is_warned_of(skew: Skew, level: Level, found: str) -> None:
    findings = Findings("Redis")
    judge_clock(skew, findings)
    [finding] = findings.made
    assert finding.level is level
    assert found in finding.found
    assert ("timedatectl" in finding.cure) == (level is Level.WARN)
