"""The command line of `scripts/bench`. The only place there that reads the environment."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console

from cluster.errors import ClusterError
from cluster.options import CONTEXT_SETTINGS
from scripts.bench_lib import cli_options as opt
from scripts.bench_lib import results, svg
from scripts.bench_lib.cli_options import SERVICES
from scripts.bench_lib.options import Options
from scripts.bench_lib.plot import charts_of
from scripts.bench_lib.row import Row
from scripts.bench_lib.session import BENCHES, hold
from scripts.stack.errors import StackError
from scripts.stack.say import complain

# Exit codes beside 0 and 1; 2 is click's own.
_NOT_RUN = 3
_GIVEN_UP = 130

# Columns that a table may take where no terminal sets a limit.
_WIDTH = 160

_OWN_OPTIONS: Mapping[str, Sequence[opt.Decorator]] = {
    "cross-node": (opt.PAIRS, opt.RATE, opt.DURABLE, opt.ROUTING, opt.BODY_BYTES),
    "local": (opt.PAIRS, opt.RATE, opt.DURABLE, opt.ROUTING, opt.BODY_BYTES),
    "fanout-cost": (opt.NODES, opt.PAIRS, opt.BODY_BYTES),
    "idle": (opt.CONNECTIONS, opt.HEARTBEAT),
    "connect": (opt.CONNECTS,),
    "balancer": (opt.CLIENTS,),
    "gateway": (opt.PAIRS, opt.RATE, opt.BODY_BYTES),
    "replay": (opt.WAITING, opt.USERS, opt.BODY_BYTES),
}

_QUICK: Mapping[str, Any] = {
    "reps": 1,
    "seconds": 1.0,
    "warm": 0.3,
    "tries": 1,
    "heartbeat": 1.0,
    "connects": 1000,
    "waiting": 2000,
}
"""What `--quick` sets, unless it is given by itself."""

_ALL: Mapping[str, Any] = {"reps": 1, "seconds": 2.0, "warm": 0.5, "patience": 30.0, "heartbeat": 3}
"""Defaults of `all`, so that it ends within some minutes."""


@click.group(context_settings=CONTEXT_SETTINGS)
def main() -> None:
    """Measure what messages, connections and picks cost on this machine.

    It starts services, nodes and a load generator of its own: the nodes on one processor, the rest
    on the others. Costs are processor time per message (or whatever is done), in µs, of the nodes
    together, of Redis and of RabbitMQ. A run during which something else took processor time is
    repeated; `noise` is what was taken in the one that counts.

    \b
    Examples:
      scripts/bench all --json today.json
      scripts/bench cross-node --durable --rate 2000
      scripts/bench cross-node --compare today.json
      scripts/bench idle --connections 50000 --reps 1
      scripts/bench plot today.json --out today.svg

    \b
    Exit codes: 0 done; 1 a message was lost, doubled or out of order, or a connection broke;
    2 a wrong option; 3 it could not be run; 130 interrupted.
    """


def _add(name: str, summary: str, names: Sequence[str], defaults: Mapping[str, Any]) -> None:
    """Add the command that runs benchmarks, with the options that they take."""

    def command(**words: Any) -> None:
        sys.exit(_run(names, _options(click.get_current_context(), words)))

    own = dict.fromkeys(option for each in names for option in _OWN_OPTIONS[each])
    decorated: Callable[..., Any] = command
    for option in reversed([*own, *opt.GENERAL]):
        decorated = option(decorated)
    made = main.command(name, help=summary)(decorated)
    for parameter in made.params:
        parameter.default = defaults.get(parameter.name or "", parameter.default)


def _options(context: click.Context, words: dict[str, Any]) -> Options:
    """Make options of what click has parsed."""
    if words.pop("quick"):
        words.update({k: v for k, v in _QUICK.items() if _is_default(context, k)})
    found = {SERVICES[name]: words.pop(name) for name in list(SERVICES)}
    services = {target: address for target, address in found.items() if address is not None}
    if "durable" in words:
        only = words.pop("durable")
        words["durable"] = (True, False) if only is None else (only,)
    return Options(services=services, **words)


def _is_default(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.DEFAULT


def _run(names: Sequence[str], options: Options) -> int:
    # An exception, so that everything is ended on the way out.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    out = Console(width=None if sys.stdout.isatty() else _WIDTH)
    try:
        rows = hold(names, options, out, complain)
    except (StackError, ClusterError) as exc:
        complain(f"scripts/bench: {exc}")
        return _NOT_RUN
    except KeyboardInterrupt:
        complain("scripts/bench: given up; everything has been ended")
        return _GIVEN_UP
    finally:
        signal.signal(signal.SIGTERM, before)
    return _judge(rows, options)


def _judge(rows: Sequence[Row], options: Options) -> int:
    """Say what is to be said about the results; return the exit code."""
    noisy = [f"{row.bench}: {row.case}" for row in rows if row.disturbance > options.noise]
    if noisy:
        complain(f"disturbed by more than {options.noise:g} processors: {'; '.join(noisy)}")
    bad = [row for row in rows if row.complaints or row.faults()]
    for row in bad:
        said = [f"{value:g} {name}" for name, value in row.faults().items()] + row.complaints[:3]
        complain(f"{row.bench}: {row.case}: {', '.join(said)}")
    if options.json is not None:
        complain(f"results: {options.json}")
    return 1 if bad else 0


@main.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE…",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="SVG",
    envvar="IM_BENCH_OUT",
    show_envvar=True,
    help="The file to write.",
)
def plot(files: tuple[Path, ...], out: Path) -> None:
    """Draw results of --json: cost against nodes, and latency against load.

    The first needs results of fanout-cost, the second those of cross-node. Of several files the
    lines are named after the files.

    \b
    Example:
      scripts/bench plot before.json after.json --out both.svg
    """
    try:
        charts = charts_of({path.stem: results.read(path) for path in files})
        if not charts:
            cure = "write one with scripts/bench cross-node or fanout-cost"
            raise StackError("there is nothing to draw in it", cure)
        out.write_text(svg.render(charts))
    except (StackError, OSError) as exc:
        complain(f"scripts/bench: {exc}")
        sys.exit(_NOT_RUN)


for _name, _bench in BENCHES.items():
    _add(_name, _bench.__doc__ or "", [_name], {})
_add("all", "Run all of them, each shortly: some minutes together.", list(BENCHES), _ALL)

if __name__ == "__main__":
    main(prog_name="scripts/bench")
