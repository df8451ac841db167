"""Comparisons are ratios of the same case's figures, and name what can't be compared."""

from __future__ import annotations

import math

import pytest
from rich.console import Console

from scripts.bench_lib.compare import comparison, ratio, ratios
from scripts.bench_lib.results import Kept
from tests.scripts.bench_world import row


def test_a_ratio_says_how_many_times_as_large() -> None:
    assert ratio(10.0, 20.0) == 0.5
    assert math.isnan(ratio(1.0, 0.0))
    assert math.isnan(ratio(math.nan, 1.0))
    assert math.isnan(ratio(1.0, math.nan))


def test_figures_of_the_same_case_are_compared() -> None:
    now = row("cross-node", "a", {"rate": 30.0, "nodes_us": 8.0, "lost": 1, "new": 1.0})
    before = [
        Kept("local", "a", {}, {"rate": 1.0}),
        Kept("cross-node", "a", {}, {"rate": 20.0, "nodes_us": 16.0, "lost": 1, "p50_ms": 2.0}),
    ]
    assert ratios(now, before) == pytest.approx({"rate": 1.5, "nodes_us": 0.5})
    assert ratios(row("cross-node", "b", {"rate": 1.0}), before) is None


def test_what_is_missing_is_named() -> None:
    rows = [row("idle", "a", {"rate": 3.0}), row("idle", "b", {"rate": 1.0})]
    console = Console(width=120)
    with console.capture() as capture:
        console.print(comparison(rows, [Kept("idle", "a", {}, {"rate": 2.0})], "old.json"))
    assert "old.json" in capture.get()
    assert "1.50" in capture.get()
    assert "not in it: idle: b" in capture.get()
