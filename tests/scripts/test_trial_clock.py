"""The clock of a trial counts from when it is told to."""

from __future__ import annotations

from scripts.trial_lib.clock import Clock


def test_a_clock_can_be_restarted() -> None:
    clock = Clock(begin=0.0)
    assert clock() > 0.0
    clock.restart()
    assert 0.0 <= clock() < 5.0
