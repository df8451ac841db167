"""The command line of `scripts/chaos`. The only place there that reads the environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import uvloop
from rich.console import Console

from cluster.options import CONTEXT_SETTINGS
from scripts.chaos_lib.faults import Fault, Kind, possible_kinds
from scripts.chaos_lib.options import Options
from scripts.chaos_lib.report import lines
from scripts.chaos_lib.run import Run
from scripts.chaos_lib.schedule import make_schedule, missing
from scripts.trial_lib.command import log_into, make_folder, service_options, take_services
from scripts.trial_lib.conduct import conducted, tell, until_signal
from scripts.trial_lib.display import Display, make_display

_KINDS = [kind.value for kind in Kind]


class _Kinds(click.ParamType):  # type: ignore[type-arg]  # generic in click 8.3 alone
    """`all`, `none`, or kinds of faults separated by commas."""

    name = "KIND,…"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Kind, ...] | None:
        """Return the kinds; None for all that are possible."""
        if value is None or isinstance(value, tuple) or value == "all":
            return value if isinstance(value, tuple) else None
        if value == "none":
            return ()
        try:
            return tuple(Kind(word.strip()) for word in value.split(","))
        except ValueError:
            self.fail(f"choose from all, none, {', '.join(_KINDS)}", param, ctx)


@click.command(context_settings={**CONTEXT_SETTINGS, "auto_envvar_prefix": "IM_CHAOS"})
@click.option("--seed", type=int, default=1, show_envvar=True, help="What the schedule is made of.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1.0),
    default=60.0,
    show_envvar=True,
    help="How long to send and to break things; from 60 on each fault occurs at least once.",
)
@click.option("--nodes", type=click.IntRange(min=1), default=3, show_envvar=True, help="Nodes.")
@click.option("--users", type=click.IntRange(min=2), default=50, show_envvar=True, help="Users.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0.1),
    default=200.0,
    show_envvar=True,
    help="Messages a second, of all users together.",
)
@click.option(
    "--session-timeout",
    type=click.FloatRange(1.0, 60.0),
    default=5.0,
    show_envvar=True,
    metavar="SECONDS",
    help="After how long without a sign of life a node counts as dead.",
)
@click.option(
    "--faults",
    type=_Kinds(),
    default="all",
    show_envvar=True,
    help="What may happen: all, none, or kinds separated by commas.",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=1.0),
    default=40.0,
    show_envvar=True,
    metavar="SECONDS",
    help="How long nothing may arrive before what is missing counts as lost.",
)
@click.option(
    "--routing",
    type=click.Choice(["fanout", "direct"]),
    default="fanout",
    show_envvar=True,
    help="How the nodes publish.",
)
@click.option(
    "--fsync",
    type=click.Choice(["always", "everysec"]),
    default="always",
    show_envvar=True,
    help="Redis's appendfsync, if Redis is started here.",
)
@service_options("; it is only cut off")
@click.option(
    "--break-delivery",
    is_flag=True,
    show_envvar=True,
    help="Have the nodes lose messages on purpose, to see that it is found.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    show_envvar=True,
    help="Write the report there as JSON, too.",
)
@click.option("--plan", is_flag=True, help="Print the schedule and do nothing.")
def main(plan: bool, **words: Any) -> None:
    """Break everything while users talk, and check that nothing is lost, doubled or reordered.

    It starts services, nodes, a balancer and users of its own on this machine, kills, freezes,
    restarts and cuts them off as the seed says, heals everything, waits until all is quiet and
    prints a report. It ends only what it started. Ctrl-C ends the faults early; the report follows.

    \b
    Examples:
      scripts/chaos --seed 1 --seconds 120 --nodes 3 --users 50
      scripts/chaos --faults kill-node,kill-redis --report chaos.json
      scripts/chaos --zk zk1:2181/test --redis redis://r1 --amqp amqp://mq1

    \b
    Exit codes: 0 nothing found; 1 something confirmed was lost, doubled or out of order, a ghost
    was too old, or a node did not come back; 2 a wrong option; 3 it could not be run;
    130 interrupted twice.
    """
    services = take_services(words)
    possible = possible_kinds(frozenset(services))
    chosen = words.pop("faults")
    kinds = possible if chosen is None else chosen
    if impossible := [kind for kind in kinds if kind not in possible]:
        raise click.UsageError(f"these services allow no {', '.join(impossible)}")
    options = Options(kinds=kinds, services=services, **words)
    schedule = make_schedule(
        options.seed, options.seconds, options.nodes, options.session_timeout, kinds
    )
    if plan:
        click.echo("\n".join(map(str, schedule)))
        return
    sys.exit(_run(options, schedule))


def _run(options: Options, schedule: tuple[Fault, ...]) -> int:
    folder = make_folder("chaos", options.seed)
    log_into(folder / "chaos.log")
    with conducted("scripts/chaos"), make_display(Console()) as display:
        _introduce(display, options, schedule, folder)
        run = Run(options, schedule, folder, display)
        report = uvloop.run(until_signal(run.execute(), run.interrupt))
    return tell(report, lines(report), folder, options.report)


def _introduce(
    display: Display, options: Options, schedule: tuple[Fault, ...], folder: Path
) -> None:
    display.say(f"seed {options.seed}, {options.seconds:g} s; logs in {folder}")
    for fault in schedule:
        display.say(f"  {fault}")
    if absent := missing(schedule, options.kinds):
        display.say(f"no room for {', '.join(absent)}: take more seconds or more nodes")


if __name__ == "__main__":
    main(prog_name="scripts/chaos")
