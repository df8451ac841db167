"""The command line of `scripts/rolling-restart`; only here it reads the environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import uvloop
from rich.console import Console

from cluster.options import CONTEXT_SETTINGS
from scripts.rolling_lib.options import Options
from scripts.rolling_lib.report import lines
from scripts.rolling_lib.run import Run
from scripts.trial_lib.command import log_into, make_folder, service_options, take_services
from scripts.trial_lib.conduct import conducted, tell, until_signal
from scripts.trial_lib.display import make_display


@click.command(context_settings={**CONTEXT_SETTINGS, "auto_envvar_prefix": "IM_ROLLING_RESTART"})
@click.option(
    "--nodes",
    type=click.IntRange(min=2),
    default=3,
    show_envvar=True,
    help="Nodes; clients have somewhere to go only if there are two.",
)
@click.option(
    "--clients", type=click.IntRange(min=2), default=300, show_envvar=True, help="Clients."
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0.1),
    default=500.0,
    show_envvar=True,
    help="Messages a second, of all clients together.",
)
@click.option(
    "--drain-within",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_envvar=True,
    metavar="SECONDS",
    help="How long each node has to send its clients to the others.",
)
@click.option(
    "--kill",
    is_flag=True,
    show_envvar=True,
    help="SIGKILL instead of SIGTERM, to see what a restart without a drain does.",
)
@click.option(
    "--steady",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_envvar=True,
    metavar="SECONDS",
    help="How long to measure before the first restart, and again after the last one.",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=1.0),
    default=40.0,
    show_envvar=True,
    metavar="SECONDS",
    help="How long nothing may arrive before what is missing counts as lost.",
)
@click.option("--seed", type=int, default=1, show_envvar=True, help="Decides who writes to whom.")
@service_options()
@click.option(
    "--json",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    show_envvar=True,
    help="Write the report there as JSON, too.",
)
def main(**words: Any) -> None:
    """Restart one node after the other while clients talk, and see what they notice.

    It starts services, nodes, a balancer and clients of its own on this machine. Then, for each
    node in turn, as an operator would deploy a new version: SIGTERM; the node leaves the rotation
    and tells its clients, evenly over the time of its drain, to move to the others; it ends; a new
    process starts on the same port; when that is in the registry, the next node follows.

    \b
    Goals; the exit code is 1 if one is missed:
      nothing confirmed is lost, doubled or out of order
      the busiest second sees at most twice as many reconnects as an even pace would have
      99 % of the clients are never without a channel for more than 250 ms

    \b
    Examples:
      scripts/rolling-restart
      scripts/rolling-restart --nodes 5 --clients 1000 --drain-within 30 --json rolling.json
      scripts/rolling-restart --zk zk1:2181/test --redis redis://r1 --amqp amqp://mq1

    \b
    Exit codes: 0 every goal was met; 1 one was missed, or a node did not come back;
    2 a wrong option; 3 it could not be run; 130 interrupted.
    """
    options = Options(services=take_services(words), **words)
    sys.exit(_run(options))


def _run(options: Options) -> int:
    folder = make_folder("rolling-restart", options.seed)
    log_into(folder / "rolling-restart.log")
    with conducted("scripts/rolling-restart"), make_display(Console()) as display:
        display.say(f"seed {options.seed}; logs in {folder}")
        report = uvloop.run(until_signal(Run(options, folder, display).execute()))
    return tell(report, lines(report), folder, options.json)


if __name__ == "__main__":
    main(prog_name="scripts/rolling-restart")
