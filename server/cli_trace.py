"""`server trace`: the way of a message through the cluster, as its nodes remember it."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import aiohttp
import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cluster.names import split_send_id
from cluster.options import CONTEXT_SETTINGS, cluster_option, zk_option
from cluster.record import NodeRecord
from server.admin_trace import TraceAnswer, write_place
from server.cli_cluster import (
    NoAnswer,
    NodeCommand,
    admin_session,
    another_node,
    ask,
    nobody,
    of_each,
    run,
    watching,
)
from server.trace import Place
from server.trace_report import (
    SHORT,
    Step,
    clock_time,
    conclude,
    describe,
    merge,
    nothing_known,
    places,
    to_json,
)

_answers = msgspec.json.Decoder(TraceAnswer)


def _id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if split_send_id(value) is None:
        raise click.BadParameter("the id of a message is <session>-<number>")
    return value


@click.command(cls=NodeCommand, context_settings=CONTEXT_SETTINGS)
@click.argument("id", callback=_id)
@zk_option
@cluster_option
@click.option(
    "--json",
    is_flag=True,
    show_envvar=True,
    help="Print everything as JSON, for programs.",
)
def trace(id: str, zk: str | None, cluster: str, json: bool) -> None:
    """Show the way of the message ID through the cluster.

    ID is what `server send` prints and the SDK's `send` returns. Every node is asked through its
    admin port what it remembers: who sent the message, at which offset it is stored, which nodes
    had the recipient, when it was delivered and acknowledged. Nodes remember the latest messages
    only (--journal-bytes of `server start`).

    \b
    Examples:
      server trace 6f1d0c2ab34e-17
      server trace 6f1d0c2ab34e-17 --zk zk1:2181/prod --json

    \b
    Exit codes: 0 here it is, 1 no node knows of it or ZooKeeper does not answer, 2 a wrong option.
    """
    answers, silent = run(lambda: _collect(id, zk, cluster))
    if not answers and not silent:
        raise click.ClickException(nobody(zk, cluster))
    if json:
        click.echo(to_json(id, answers, silent))
    else:
        _print(Console(), id, answers, silent)
    if not any(answer.events for answer in answers):
        raise click.ClickException(nothing_known(id, answers))


async def _collect(
    id: str, zk: str | None, cluster: str
) -> tuple[list[TraceAnswer], dict[str, str]]:
    """Return what the nodes say, and why some do not."""
    async with watching(zk, cluster) as membership, admin_session() as session:
        records = membership.snapshot.records
        answers, silent = await _ask_all(session, records, id, ())
        if found := places(answers):
            # A node that only delivered it from the inbox never saw the id.
            answers, silent = await _ask_all(session, records, id, sorted(found))
        return answers, silent


async def _ask_all(
    session: aiohttp.ClientSession, records: Sequence[NodeRecord], id: str, places: Sequence[Place]
) -> tuple[list[TraceAnswer], dict[str, str]]:
    query = urlencode([("place", write_place(place)) for place in places])

    async def question(record: NodeRecord) -> TraceAnswer:
        body = await ask(session, record, f"/v1/trace/{id}?{query}")
        try:
            answer = _answers.decode(body)
        except msgspec.DecodeError as exc:
            raise NoAnswer(f"what answers at {record.admin} knows no traces") from exc
        if answer.node != record.node_id:
            raise another_node(record)
        return answer

    found = await of_each(records, question)
    answers = [answer for answer in found if isinstance(answer, TraceAnswer)]
    silent = {
        record.node_id: str(answer)
        for record, answer in zip(records, found, strict=True)
        if isinstance(answer, NoAnswer)
    }
    return answers, silent


def _print(
    console: Console, id: str, answers: Sequence[TraceAnswer], silent: Mapping[str, str]
) -> None:
    steps = merge(answers)
    if steps:
        console.print(_table(id, steps))
        for line in conclude(steps, {answer.node for answer in answers}):
            _say(console, line)
    for node, reason in silent.items():
        _say(console, f"Not asked: {node[:SHORT]}: {reason}.")


def _say(console: Console, line: str) -> None:
    """Print a sentence; names in it are no markup."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(id: str, steps: Sequence[Step]) -> Table:
    begun = steps[0].event.time
    day = clock_time(begun, with_date=True)
    table = Table(title=f"{id}, {day[:10]} {day[23:]}", box=box.SIMPLE, show_edge=False)
    columns: dict[str, dict[str, Any]] = {
        "time": {"no_wrap": True},
        "after": {"justify": "right", "no_wrap": True},
        "node": {"no_wrap": True},
        "what happened": {"overflow": "fold"},
    }
    for heading, options in columns.items():
        table.add_column(heading, **options)
    for node, event in steps:
        after = f"{event.time - begun:.3f} s"
        table.add_row(clock_time(event.time), after, node[:SHORT], Text(describe(event)))
    return table
