"""The figures that benchmarks find: how each is called, written and judged. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A kind of number.

    Attributes:
        title: the head of its column.
        decimals: digits behind the point; None for three significant ones.
        must_be_zero: a fault if it is anything else.
    """

    title: str
    decimals: int | None = None
    must_be_zero: bool = False

    def show(self, value: float) -> str:
        """Return the value as tables show it; a hyphen for nan."""
        if math.isnan(value):
            return "-"
        decimals = self.decimals
        if decimals is None:
            size = abs(value)
            decimals = 0 if size >= 100 else 1 if size >= 10 else 2
        return f"{value:,.{decimals}f}"


FIGURES = {
    "rate": Figure("per s", 0),
    "nodes_us": Figure("nodes µs"),
    "server_us": Figure("server µs"),
    "beat_us": Figure("µs a heartbeat"),
    "kib_each": Figure("KiB each"),
    "redis_us": Figure("Redis µs"),
    "rabbitmq_us": Figure("RabbitMQ µs"),
    "p50_ms": Figure("p50 ms"),
    "p99_ms": Figure("p99 ms"),
    "late_ms": Figure("late ms"),
    "lost": Figure("lost", 0, must_be_zero=True),
    "doubled": Figure("doubled", 0, must_be_zero=True),
    "disordered": Figure("disordered", 0, must_be_zero=True),
    "unconfirmed": Figure("unconfirmed", 0, must_be_zero=True),
    "nodes_mib": Figure("nodes MiB"),
    "nodes_share": Figure("nodes' load", 3),
    "redis_share": Figure("Redis' load", 3),
    "stop_s": Figure("stopped in s"),
    "generator_share": Figure("generator's load", 2),
}
