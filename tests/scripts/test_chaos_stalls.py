"""Stalls: the longest by name, and the quantiles of all."""

from __future__ import annotations

from scripts.chaos_lib.stalls import Stall, Stalls


def test_none() -> None:
    stalls = Stalls()
    assert (stalls.longest, stalls.quantile(0.99), stalls.worst()) == (0.0, 0.0, [])


def test_the_worst_come_first() -> None:
    stalls = Stalls()
    for number in range(100):
        stalls.note(Stall(float(number % 50), 0.0, "alice", "bob", number))
    worst = stalls.worst()
    assert [stall.seconds for stall in worst] == [49, 49, 48, 48, 47, 47, 46, 46, 45, 45]
    assert stalls.longest == 49.0


def test_quantiles() -> None:
    stalls = Stalls()
    for number in range(1, 101):
        stalls.note(Stall(float(number), 0.0, "alice", "bob", number))
    assert (stalls.quantile(0.5), stalls.quantile(0.99), stalls.quantile(1.0)) == (51, 100, 100)
