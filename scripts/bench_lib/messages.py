"""The benchmarks of messages between users: `cross-node`, `local`, `fanout-cost`."""

from __future__ import annotations

from itertools import count

import uvloop

from scripts.bench_lib.load import Load, at_rate, closed, connect_pairs, run_load
from scripts.bench_lib.options import Options
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.pair import Pair
from scripts.bench_lib.row import Row
from scripts.bench_lib.stage import Case, Stage

_RUNS = count(1)
"""Numbers the runs: users of one must not find what an earlier one has left in their inboxes."""


def cross_node(stage: Stage) -> list[Row]:
    """Measure what a message between users on two nodes costs, and how long it takes."""
    stage.world.start_nodes(2, "--routing", stage.options.routing)
    return stage.play("cross-node", _cases(stage, _loads(stage.options)))


def local(stage: Stage) -> list[Row]:
    """Measure the same for users on one and the same node."""
    stage.world.start_nodes(1, "--routing", stage.options.routing)
    return stage.play("local", _cases(stage, _loads(stage.options)))


def fanout_cost(stage: Stage) -> list[Row]:
    """Measure what a message costs in clusters of several sizes, with both kinds of routing."""
    rows: list[Row] = []
    for routing in ("fanout", "direct"):
        for nodes in sorted(stage.options.node_counts):
            # Those that run already stay; all of them end with the routing.
            stage.world.start_nodes(nodes, "--routing", routing)
            case = _case(stage, closed(8), durable=True)
            name = f"{nodes} nodes, {routing}"
            axes = {**case.axes, "nodes": nodes, "routing": routing}
            rows += stage.play("fanout-cost", [Case(name, axes, case.run)])
        stage.world.end_nodes()
    return rows


def _loads(options: Options) -> list[Load]:
    return [closed(1), closed(8), *map(at_rate, options.rates)]


def _cases(stage: Stage, loads: list[Load]) -> list[Case]:
    return [_case(stage, load, durable=kind) for kind in stage.options.durable for load in loads]


def _case(stage: Stage, load: Load, *, durable: bool) -> Case:
    kind = "durable" if durable else "not durable"
    axes: dict[str, float | str] = {
        "kind": kind,
        "window": load.window,
        "target_rate": load.rate,
        "routing": stage.options.routing,
        "nodes": len(stage.world.nodes),
    }
    return Case(f"{kind}, {load.name}", axes, lambda: _run(stage, load, durable=durable))


def _run(stage: Stage, load: Load, *, durable: bool) -> Outcome:
    """Connect new users, let them write, disconnect them."""

    async def run() -> Outcome:
        name = f"r{next(_RUNS)}p"
        size = stage.options.body_bytes
        pairs = [Pair(f"{name}{n}", size, durable=durable) for n in range(stage.options.pairs)]
        await connect_pairs(pairs, stage.world.node_addresses())
        meter = stage.world.meter()
        outcome = await run_load(pairs, load, stage.options.times, meter)
        for pair in pairs:
            pair.close()
        return outcome.with_figures(nodes_mib=meter.resident_bytes("nodes") / 2**20)

    return uvloop.run(run())
