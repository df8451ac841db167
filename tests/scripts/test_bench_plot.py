"""Plots take what they need out of results."""

from __future__ import annotations

import math

from scripts.bench_lib.plot import charts_of
from scripts.bench_lib.results import Kept


def cost(nodes: int, routing: str, value: float) -> Kept:
    axes: dict[str, float | str] = {"nodes": nodes, "routing": routing}
    figures = {"nodes_us": value, "redis_us": 2.0, "rabbitmq_us": 1.0}
    return Kept("fanout-cost", f"{nodes} {routing}", axes, figures)


def latency(rate: float, p50: float) -> Kept:
    axes: dict[str, float | str] = {"target_rate": rate, "kind": "durable"}
    return Kept("cross-node", f"{rate}", axes, {"p50_ms": p50, "p99_ms": 9.0})


def test_cost_against_nodes() -> None:
    [chart] = charts_of({"r": [cost(4, "fanout", 30.0), cost(2, "fanout", 20.0)]})
    assert [(series.name, series.points) for series in chart.series] == [
        ("fanout, nodes", [(2, 20.0), (4, 30.0)]),
        ("fanout, with services", [(2, 23.0), (4, 33.0)]),
    ]


def test_latency_against_load_leaves_closed_loops_out() -> None:
    [chart] = charts_of({"r": [latency(0, 1.0), latency(500, 2.0), latency(100, math.nan)]})
    assert [(series.name, series.points) for series in chart.series] == [
        ("durable, p50", [(500, 2.0)]),
        ("durable, p99", [(100, 9.0), (500, 9.0)]),
    ]


def test_several_files_are_told_apart() -> None:
    charts = charts_of({"old": [cost(2, "direct", 1.0)], "new": [latency(500, 1.0)]})
    names = [series.name for chart in charts for series in chart.series]
    assert names[0] == "old: direct, nodes"
    assert names[-1] == "new: durable, p99"


def test_other_results_give_no_chart() -> None:
    assert charts_of({"r": [Kept("idle", "x", {}, {"rate": 1.0})]}) == []
