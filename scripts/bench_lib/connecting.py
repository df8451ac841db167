"""The benchmark `connect`: handshakes and `connect` frames that one node takes in a second."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from itertools import count

import uvloop

from scripts.bench_lib.connection import Address
from scripts.bench_lib.gathering import Guest, gather
from scripts.bench_lib.limits import connections_each, raise_limit
from scripts.bench_lib.load import costs, no_collections
from scripts.bench_lib.meter import Meter, between
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.percentiles import percentile
from scripts.bench_lib.row import Row
from scripts.bench_lib.stage import Case, Stage

_RUNS = count(1)

_AT_ONCE = 64
"""Connections that are being made at the same time."""

_WARM = 200
"""Connections before those that count."""

# A node that uses less than this share of a processor has finished what was begun.
_CALM = 0.1
_CALM_WITHIN = 15.0


def connect(stage: Stage) -> list[Row]:
    """Measure what it costs to accept a user: TCP, WebSocket handshake and `connect` frame."""
    wanted = min(stage.options.connects, connections_each(raise_limit()) - _WARM)
    stage.world.start_nodes(1)
    name = f"{wanted:,} users, {_AT_ONCE} at once"
    axes = {"connects": wanted}
    return stage.play("connect", [Case(name, axes, lambda: uvloop.run(_run(stage, wanted)))])


async def _run(stage: Stage, wanted: int) -> Outcome:
    meter = stage.world.meter()
    [address] = stage.world.node_addresses()
    prefix = f"c{next(_RUNS)}u"
    warm = await gather(_guests(f"{prefix}w", _WARM, address), _AT_ONCE)
    with no_collections():
        first = meter.sample()
        gathered = await gather(_guests(prefix, wanted, address), _AT_ONCE)
        spent = between(first, meter.sample())
    times = sorted(gathered.seconds)
    figures = {
        "rate": wanted / spent.seconds,
        **costs(spent, wanted),
        "p50_ms": percentile(times, 0.5) * 1e3,
        "p99_ms": percentile(times, 0.99) * 1e3,
        "generator_share": spent.cpu.get("generator", math.nan) / spent.seconds,
    }
    complaints = tuple(each.lost for each in gathered.connections if each.lost)
    for each in [*warm.connections, *gathered.connections]:
        each.close()
    await _calm(meter)
    return Outcome(figures, spent.others, spent.steal, complaints)


def _guests(prefix: str, wanted: int, node: Address) -> Iterator[Guest]:
    return (Guest(f"{prefix}{number}", node) for number in range(wanted))


async def _calm(meter: Meter) -> None:
    """Wait until the nodes have nothing to do, so that the next run finds them so."""
    end = time.perf_counter() + _CALM_WITHIN
    while time.perf_counter() < end:
        first = meter.sample()
        await asyncio.sleep(0.3)
        spent = between(first, meter.sample())
        if spent.cpu["nodes"] / spent.seconds < _CALM:
            return
