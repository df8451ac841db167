"""`server nodes`: a table of the living."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

import click
import msgspec
from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from cluster.options import CONTEXT_SETTINGS, cluster_option, zk_option
from cluster.registry import Membership
from cluster.snapshot import Snapshot
from server.cli_cluster import nobody, run, watching
from server.keyboard import until_quit
from server.tasks import wait_for_event

# Seconds to reach ZooKeeper before the command gives up.
TIMEOUT = 5.0

# Seconds after which a table is drawn anew though nothing changed: nodes grow older.
REDRAW = 1.0


@click.command(context_settings=CONTEXT_SETTINGS)
@zk_option
@cluster_option
@click.option(
    "--watch",
    is_flag=True,
    show_envvar=True,
    help="Go on, and show each change at once; q or Ctrl-C ends it.",
)
@click.option(
    "--json",
    is_flag=True,
    show_envvar=True,
    help="Print the records as JSON, for programs; with --watch a line for each change.",
)
def nodes(zk: str | None, cluster: str, watch: bool, json: bool) -> None:
    """Show the nodes that are registered now.

    --json shows their whole ids, admin ports and versions, too.

    \b
    Examples:
      server nodes --zk
      server nodes --zk --watch
      server nodes --zk zk1:2181/prod --json

    \b
    Exit codes: 0 here they are, if only none; 1 ZooKeeper does not answer; 2 a wrong option.
    """
    run(lambda: _nodes(zk, cluster, watch, json))


async def _nodes(zk: str | None, cluster: str, watch: bool, as_json: bool) -> None:
    console, draw = Console(), partial(_table, nobody=nobody(zk, cluster))
    show = _print_json if as_json else lambda snapshot: console.print(draw(snapshot))
    async with watching(zk, cluster, TIMEOUT) as membership:
        if not watch:
            show(membership.snapshot)
        elif as_json or not console.is_terminal:
            await until_quit(_show_changes(membership, show, doubts=not as_json))
        else:
            await until_quit(_draw(console, membership, draw))


def _print_json(snapshot: Snapshot) -> None:
    click.echo(msgspec.json.encode(snapshot.records))


async def _show_changes(
    membership: Membership, show: Callable[[Snapshot], None], *, doubts: bool
) -> None:
    """Show the list, and again whenever it has changed; with doubts also if it becomes stale."""
    changed = asyncio.Event()
    membership.subscribe(lambda _snapshot: changed.set())
    shown: Snapshot | None = None
    while True:
        snapshot = membership.snapshot
        if shown is None or doubts or snapshot.records != shown.records:
            show(snapshot)
        shown = snapshot
        await changed.wait()
        changed.clear()


async def _draw(
    console: Console, membership: Membership, draw: Callable[[Snapshot], Table]
) -> None:
    """Keep a table on the screen that shows the list as it is."""
    changed = asyncio.Event()
    membership.subscribe(lambda _snapshot: changed.set())
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(draw(membership.snapshot), refresh=True)
            await wait_for_event(changed, REDRAW)
            changed.clear()


def _table(snapshot: Snapshot, nobody: str = "") -> Table:
    """Return the table; `nobody` is what it says below if it is empty."""
    count = len(snapshot.records)
    title = "1 node" if count == 1 else f"{count} nodes"
    if snapshot.stale:
        title += ", as last known: ZooKeeper does not confirm it"
    table = Table(title=title, box=box.SIMPLE, show_edge=False, caption=None if count else nobody)
    for heading in ("node", "url", "state", "zone", "weight", "channels", "up for"):
        right = heading in ("weight", "channels", "up for")
        table.add_column(
            heading, justify="right" if right else "left", no_wrap=heading != "url", overflow="fold"
        )
    for record in snapshot.records:
        table.add_row(
            record.node_id[:8],
            record.url,
            record.state,
            record.zone or "-",
            str(record.weight),
            str(record.load),
            _duration(time.time() - record.started),
        )
    return table


def _duration(seconds: float) -> str:
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"
