"""The benchmark `idle`: what connections cost on which nothing happens."""

from __future__ import annotations

import math
import time

from scripts.bench_lib.crowds import Crowds
from scripts.bench_lib.limits import connections_each, raise_limit, shares
from scripts.bench_lib.meter import between
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.row import Row
from scripts.bench_lib.stage import Case, Stage

# Seconds after the last connect in which the nodes finish what it has caused.
_SETTLE = 1.0

_BEATS = 2
"""Heartbeats of each connection for which the idle nodes are measured."""


def idle(stage: Stage) -> list[Row]:
    """Measure memory and time of connections that are idle, and how fast a full node stops."""
    options = stage.options
    most = connections_each(raise_limit())
    nodes = len(shares(options.connections, most))
    name = f"{options.connections:,} connections, {nodes} node{'s' if nodes > 1 else ''}"
    axes = {"connections": options.connections, "nodes": nodes, "heartbeat": options.heartbeat}
    return stage.play("idle", [Case(name, axes, lambda: _run(stage, nodes, most))])


def _run(stage: Stage, nodes: int, most: int) -> Outcome:
    world, options = stage.world, stage.options
    # Fresh ones: memory that an earlier run has left would not grow again.
    world.end_nodes()
    world.start_nodes(nodes, "--heartbeat", str(options.heartbeat))
    empty = world.meter().resident_bytes("nodes")
    with Crowds("idle", options.connections, world.node_addresses(), most) as crowds:
        time.sleep(_SETTLE)
        meter = world.meter(*crowds.pids)
        full = meter.resident_bytes("nodes")
        first = meter.sample()
        time.sleep(_BEATS * options.heartbeat)
        spent = between(first, meter.sample())
        stopping = time.perf_counter()
        world.stop_nodes()
        stopped = time.perf_counter() - stopping
    beats = options.connections * spent.seconds / options.heartbeat
    figures = {
        "kib_each": (full - empty) / 1024 / options.connections,
        "nodes_mib": full / 2**20,
        "nodes_share": spent.cpu["nodes"] / spent.seconds,
        "redis_share": spent.cpu.get("redis", math.nan) / spent.seconds,
        "beat_us": spent.cpu["nodes"] * 1e6 / beats,
        "stop_s": stopped,
    }
    return Outcome(figures, spent.others, spent.steal)
