"""Charts of results: cost against nodes, and latency against load. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scripts.bench_lib.results import Kept
from scripts.bench_lib.svg import Chart, Series

Point = tuple[float, float]


def charts_of(files: Mapping[str, Sequence[Kept]]) -> list[Chart]:
    """Return the charts for which the files hold results.

    Args:
        files: the rows of each, by the name under which they are to be shown.
    """
    named = {f"{name}: " if len(files) > 1 else "": rows for name, rows in files.items()}
    charts = [_cost(named), _latency(named)]
    return [chart for chart in charts if chart.series]


def _cost(files: Mapping[str, Sequence[Kept]]) -> Chart:
    points: dict[str, list[Point]] = {}
    for prefix, rows in files.items():
        for row in rows:
            if row.bench == "fanout-cost":
                routing, nodes = row.axes["routing"], float(row.axes["nodes"])
                _add(points, f"{prefix}{routing}, nodes", nodes, row.figures["nodes_us"])
                _add(points, f"{prefix}{routing}, with services", nodes, _with_services(row))
    return Chart("Cost against nodes", "nodes", "CPU-µs a message", _lines(points))


def _latency(files: Mapping[str, Sequence[Kept]]) -> Chart:
    points: dict[str, list[Point]] = {}
    for prefix, rows in files.items():
        for row in rows:
            rate = float(row.axes.get("target_rate", 0.0))
            if row.bench == "cross-node" and rate:
                for share in ("p50", "p99"):
                    name = f"{prefix}{row.axes['kind']}, {share}"
                    _add(points, name, rate, row.figures[f"{share}_ms"])
    return Chart("Latency against load", "msg/s", "ms", _lines(points))


def _with_services(row: Kept) -> float:
    groups = ("nodes_us", "redis_us", "rabbitmq_us")
    return sum(row.figures.get(group, math.nan) for group in groups)


def _add(points: dict[str, list[Point]], name: str, x: float, y: float) -> None:
    if not math.isnan(y):
        points.setdefault(name, []).append((x, y))


def _lines(points: Mapping[str, list[Point]]) -> list[Series]:
    return [Series(name, sorted(each)) for name, each in points.items()]
