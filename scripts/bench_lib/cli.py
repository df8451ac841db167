"""The command line of `scripts/bench`. The only place there that reads the environment."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cluster.errors import ClusterError
from cluster.options import CONTEXT_SETTINGS
from scripts.bench_lib import messages, results
from scripts.bench_lib.options import Options
from scripts.bench_lib.pins import Pins
from scripts.bench_lib.quiet import Patience
from scripts.bench_lib.row import Row
from scripts.bench_lib.stage import Stage
from scripts.bench_lib.tables import table_of
from scripts.bench_lib.world import World
from scripts.trial_lib.endpoints import endpoints
from scripts.trial_lib.target import Target
from scripts.stack.errors import StackError
from scripts.stack.paths import RUN
from scripts.stack.say import complain

# Exit codes beside 0 and 1; 2 is click's own.
_NOT_RUN = 3
_GIVEN_UP = 130

# Columns that a table may take where no terminal sets a limit.
_WIDTH = 160

_SERVICES = {"zk": Target.ZOOKEEPER, "redis": Target.REDIS, "amqp": Target.RABBITMQ}

BENCHES: dict[str, Callable[[Stage], list[Row]]] = {
    "cross-node": messages.cross_node,
    "local": messages.local,
    "fanout-cost": messages.fanout_cost,
}


class _Numbers(click.ParamType):  # type: ignore[type-arg]  # generic in click 8.3 alone
    """Positive numbers, separated by commas."""

    name = "N,…"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Return the numbers."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(word) for word in str(value).split(",") if word)
        except ValueError:
            self.fail("expected numbers, separated by commas", param, ctx)
        if any(number <= 0 for number in numbers):
            self.fail("expected numbers above 0", param, ctx)
        return numbers


def _option(*names: str, **attributes: Any) -> Callable[[Any], Any]:
    """Declare an option that has the same variable in every command."""
    variable = "IM_BENCH_" + names[0].split("/")[0].lstrip("-").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **attributes)


def _address(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def callback(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        try:
            if value is not None:
                endpoints(_SERVICES[name], value)
        except ClusterError as exc:
            raise click.BadParameter(str(exc)) from exc
        return value

    return callback


_DEFAULTS = Options()

_GENERAL = [
    _option("--reps", type=click.IntRange(1), default=3, help="Runs of each case; medians count."),
    _option("--seconds", type=click.FloatRange(0.1), default=3.0, help="Measured in each run."),
    _option("--warm", type=click.FloatRange(0.0), default=1.0, help="Seconds before that."),
    _option("--quick", is_flag=True, help="One short run of each case: a look, no figure."),
    _option("--json", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE"),
    _option("--zk", callback=_address("zk"), metavar="HOST:PORT,…[/CHROOT]"),
    _option("--redis", callback=_address("redis"), metavar="URL"),
    _option("--amqp", callback=_address("amqp"), metavar="URL"),
]

_MESSAGES = [
    _option("--pairs", type=click.IntRange(1), default=100, help="Pairs of users."),
    _option("--durable/--no-durable", default=None, help="Only messages of this kind."),
    _option("--rates", type=_Numbers(), default="500,2000,8000", help="Messages a second."),
    _option("--routing", type=click.Choice(["fanout", "direct"]), default="fanout"),
]


@click.group(context_settings=CONTEXT_SETTINGS)
def main() -> None:
    """Measure."""


def _add(name: str, bench: Callable[[Stage], list[Row]]) -> None:
    def command(**words: Any) -> None:
        sys.exit(_run([name], _options(words)))

    for option in reversed([*_MESSAGES, *_GENERAL]):
        command = option(command)
    main.command(name, help=bench.__doc__)(command)


for _name, _bench in BENCHES.items():
    _add(_name, _bench)


def _options(words: dict[str, Any]) -> Options:
    given = {name: words.pop(name) for name in _SERVICES}
    services = {_SERVICES[name]: value for name, value in given.items() if value is not None}
    durable = words.pop("durable", None)
    if durable is not None:
        words["durable"] = (durable,)
    if words.pop("quick"):
        words.update(reps=1, seconds=1.0, warm=0.3)
    return Options(services=services, **words)


def _run(names: list[str], options: Options) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    folder = RUN / "bench" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    folder.mkdir(parents=True)
    out = Console(width=None if sys.stdout.isatty() else _WIDTH)
    patience = Patience(options.noise, options.tries, options.patience, time.monotonic, complain)
    rows: list[Row] = []
    try:
        with Pins() as pins, World(options.services, folder, pins, complain) as world:
            stage = Stage(options, world, patience, complain)
            for name in names:
                new = BENCHES[name](stage)
                world.end_nodes()
                rows += new
                out.print(table_of(name, new, options.noise))
    except (StackError, ClusterError) as exc:
        complain(f"scripts/bench: {exc}")
        return _NOT_RUN
    except KeyboardInterrupt:
        complain("scripts/bench: given up; everything has been ended")
        return _GIVEN_UP
    if options.json is not None:
        results.write(options.json, rows, options)
    return 0


if __name__ == "__main__":
    main(prog_name="scripts/bench")
