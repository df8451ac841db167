"""`server top`: what all nodes do now, once a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

import aiohttp
import click
import msgspec
from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cluster.options import CONTEXT_SETTINGS, cluster_option, zk_option
from cluster.record import NodeRecord
from cluster.registry import Membership
from server.cli_cluster import (
    NoAnswer,
    admin_session,
    another_node,
    ask,
    nobody,
    of_each,
    run,
    watching,
)
from server.keyboard import until_quit
from server.readings import Reading, Row, between, parse_metrics, silent_row, total
from server.trace_report import SHORT


class _Ready(msgspec.Struct):
    """What is looked at in the answer of `/readyz`."""

    node: str
    ready: bool
    draining: bool
    degraded: tuple[str, ...]


_ready = msgspec.json.Decoder(_Ready)


@click.command(context_settings=CONTEXT_SETTINGS)
@zk_option
@cluster_option
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=1.0,
    metavar="SECONDS",
    show_envvar=True,
    help="Time between two looks.",
)
@click.option(
    "--once", is_flag=True, show_envvar=True, help="Look twice, show what was between, and end."
)
@click.option(
    "--json",
    is_flag=True,
    show_envvar=True,
    help="Print a JSON list of the nodes for each look, one a line.",
)
def top(zk: str | None, cluster: str, every: float, once: bool, json: bool) -> None:
    """Show what all nodes do now, and what is wrong.

    The nodes are found in ZooKeeper and asked through their admin ports. `q` or Ctrl-C ends it.

    \b
    Examples:
      server top
      server top --zk zk1:2181/prod --every 5
      server top --once --json

    \b
    Exit codes: 0 ended; 1 ZooKeeper does not answer at the start; 2 a wrong option.
    """
    run(lambda: _top(zk, cluster, every, once, json))


async def _top(zk: str | None, cluster: str, every: float, once: bool, as_json: bool) -> None:
    console, draw = Console(), partial(table, nobody=nobody(zk, cluster))
    show = _print_json if as_json else lambda rows: console.print(draw(rows))
    async with watching(zk, cluster) as membership, admin_session() as session:
        looks = _looks(session, membership, every)
        if once:
            show(await anext(looks))
        elif as_json or not console.is_terminal:
            await until_quit(_show_all(looks, show))
        else:
            await until_quit(_draw(console, looks, draw))


async def _looks(
    session: aiohttp.ClientSession, membership: Membership, every: float
) -> AsyncIterator[list[Row]]:
    """Yield what all nodes did since the look before, one after the other."""
    before: dict[str, Reading] = {}
    while True:
        started = time.monotonic()
        records = membership.snapshot.records
        found = await of_each(records, lambda record: _read(session, record))
        now = {
            record.node_id: reading
            for record, reading in zip(records, found, strict=True)
            if isinstance(reading, Reading)
        }
        if before or not now:
            yield [_row(*pair, before) for pair in zip(records, found, strict=True)]
        before = now
        await asyncio.sleep(max(0.0, every - (time.monotonic() - started)))


def _row(record: NodeRecord, found: Reading | NoAnswer, before: dict[str, Reading]) -> Row:
    if isinstance(found, NoAnswer):
        return silent_row(record, str(found))
    return between(record, before.get(record.node_id), found)


async def _read(session: aiohttp.ClientSession, record: NodeRecord) -> Reading:
    """Ask a node for its numbers.

    Raises:
        NoAnswer: it does not tell.
    """
    ready, metrics = await asyncio.gather(
        ask(session, record, "/readyz"), ask(session, record, "/metrics")
    )
    try:
        state, numbers = _ready.decode(ready), parse_metrics(metrics.decode())
    except (msgspec.DecodeError, ValueError) as exc:
        raise NoAnswer(f"what answers at {record.admin} is no node") from exc
    if state.node != record.node_id:
        raise another_node(record)
    return Reading(
        at=time.monotonic(),
        numbers=numbers,
        ready=state.ready,
        draining=state.draining,
        degraded=state.degraded,
    )


async def _show_all(looks: AsyncIterator[list[Row]], show: Callable[[Sequence[Row]], None]) -> None:
    async for rows in looks:
        show(rows)


async def _draw(
    console: Console, looks: AsyncIterator[list[Row]], draw: Callable[[Sequence[Row]], Table]
) -> None:
    with Live(console=console, screen=True, auto_refresh=False) as live:
        async for rows in looks:
            live.update(draw(rows), refresh=True)


def _print_json(rows: Sequence[Row]) -> None:
    click.echo(msgspec.json.encode(rows))


def table(rows: Sequence[Row], nobody: str = "") -> Table:
    """Return the screen; `nobody` is what it says below if there is no node."""
    count = len(rows)
    title = "1 node" if count == 1 else f"{count} nodes"
    # Below, where a sentence takes no room from the numbers.
    remarks = [f"{each.node[:SHORT]}: {_remark(each)}" for each in rows if _remark(each)]
    caption = Text("\n".join(remarks) if count else nobody)
    drawn = Table(
        title=title,
        box=box.SIMPLE,
        show_edge=False,
        show_footer=count > 1,
        caption=caption,
        caption_justify="left",
        pad_edge=False,
        collapse_padding=True,
    )
    zones = any(each.zone for each in rows)
    for heading, footer in _cells(total(rows), zones).items():
        right = heading not in ("node", "url", "zone", "state")
        drawn.add_column(
            heading,
            footer=footer,
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=heading != "url",
            min_width=_LEAST_URL if heading == "url" else None,
        )
    for each in rows:
        drawn.add_row(*_cells(each, zones).values(), style=_style(each))
    return drawn


# Columns that an url gets, folded, on a terminal of 80.
_LEAST_URL = 9


def _cells(each: Row, zones: bool) -> dict[str, Text]:
    """Return what stands in a row, by heading; the zone only where there are any."""
    zone = {"zone": each.zone or ("-" if each.url else "")} if zones else {}
    cells = {
        "node": each.node[:SHORT],
        "url": each.url,
        **zone,
        "state": each.state,
        "channels": f"{each.channels:,}",
        "users": _number(each.users),
        "in/s": _number(each.received),
        "out/s": _number(each.delivered),
        "batch": _number(each.batch, 1),
        "waiting": _number(each.waiting),
    }
    return {heading: Text(cell) for heading, cell in cells.items()}


def _remark(each: Row) -> str:
    return f"polls: {', '.join(each.degraded)} away" if each.degraded else each.reason


def _number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _style(each: Row) -> str:
    """Return how a row stands out: red what is wrong, yellow what passes."""
    if each.degraded or each.state == "not ready":
        return "red"
    return "yellow" if each.state == "draining" else ""
