"""A session: one or several benchmarks in one world, their tables and their files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from scripts.bench_lib import results
from scripts.bench_lib.balancing import balancer
from scripts.bench_lib.compare import comparison
from scripts.bench_lib.connecting import connect
from scripts.bench_lib.fronts import gateway
from scripts.bench_lib.idle import idle
from scripts.bench_lib.limits import raise_limit
from scripts.bench_lib.messages import cross_node, fanout_cost, local
from scripts.bench_lib.options import Options
from scripts.bench_lib.pins import Pins
from scripts.bench_lib.quiet import Patience
from scripts.bench_lib.replay import replay
from scripts.bench_lib.row import Row
from scripts.bench_lib.stage import Stage
from scripts.bench_lib.tables import table_of
from scripts.bench_lib.world import Say, World
from scripts.stack.paths import RUN

BENCHES: Mapping[str, Callable[[Stage], list[Row]]] = {
    "cross-node": cross_node,
    "local": local,
    "fanout-cost": fanout_cost,
    "idle": idle,
    "connect": connect,
    "balancer": balancer,
    "gateway": gateway,
    "replay": replay,
}
"""All benchmarks, in the order in which `all` runs them."""


def hold(names: Sequence[str], options: Options, out: Console, say: Say) -> list[Row]:
    """Run benchmarks, print a table of each as soon as it is there, and return all rows.

    Args:
        names: which of `BENCHES`.
        options: what they are told.
        out: where the tables go.
        say: shown a line for each step.

    Raises:
        StackError: something can't be run, or an earlier file can't be read.
    """
    # Before anything takes time: a file that can't be read is found at once.
    earlier = None if options.compare is None else results.read(options.compare)
    raise_limit()
    patience = Patience(options.noise, options.tries, options.patience, time.monotonic, say)
    rows: list[Row] = []
    folder = _make_folder()
    with Pins() as pins, World(options.services, folder, pins, say) as world:
        say(f"nodes on processor {_words(pins.for_nodes)}, the rest on {_words(pins.for_others)}")
        stage = Stage(options, world, patience, say)
        for name in names:
            new = BENCHES[name](stage)
            world.end_nodes()
            out.print(table_of(name, new, options.noise))
            rows += new
            # After each, so that what is there survives if a later one can't be run.
            if options.json is not None:
                results.write(options.json, rows, options)
    if earlier is not None and options.compare is not None:
        out.print(comparison(rows, earlier, options.compare.name))
    return rows


def _make_folder() -> Path:
    folder = RUN / "bench" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    folder.mkdir(parents=True)
    return folder


def _words(processors: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(processors)))
