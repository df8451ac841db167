"""Latencies are sorted by when their messages were sent."""

from __future__ import annotations

from scripts.rolling_lib.latencies import Latencies, LatencyFigures


def test_the_moment_of_sending_decides() -> None:
    latencies = Latencies()
    for number in range(100):
        latencies.note(number / 100, number / 100 + 0.5)
    latencies.note(1.0, 8.0)
    assert latencies.between(0.0, 0.5).messages == 50
    assert latencies.between(0.5, 1.0).messages == 50
    assert latencies.between(1.0, float("inf")) == LatencyFigures(1, 7.0, 7.0, 7.0)
    assert latencies.between(2.0, 3.0) == LatencyFigures(0, 0.0, 0.0, 0.0)


def test_quantiles() -> None:
    latencies = Latencies()
    for number in range(1, 101):
        latencies.note(0.0, float(number))
    assert latencies.between(0.0, 1.0) == LatencyFigures(100, 51.0, 100.0, 100.0)
