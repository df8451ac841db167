"""`server drain`: has the clients of a node move elsewhere, and waits until it has gone."""

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp
import click

from cluster.address import join_host_port
from cluster.options import CONTEXT_SETTINGS, cluster_option, zk_option
from cluster.os_errors import in_words
from cluster.record import NodeRecord
from cluster.registry import Membership
from server.admin_drain import DEFAULT_WITHIN, MAX_WITHIN
from server.cli_cluster import NodeCommand, run, watching

# Seconds to reach ZooKeeper, and to get an answer from the node.
TIMEOUT = 5.0
# Seconds that the node may take to stop when its drain has ended.
STOP_WITHIN = 15.0
# Seconds between two looks at how far it is.
LOOK_EVERY = 0.5


@click.command(cls=NodeCommand, context_settings=CONTEXT_SETTINGS)
@click.argument("node")
@zk_option
@cluster_option
@click.option(
    "--within",
    type=click.FloatRange(0.0, MAX_WITHIN),
    default=DEFAULT_WITHIN,
    metavar="SECONDS",
    show_envvar=True,
    help="How long its clients may take to move to other nodes.",
)
@click.option(
    "--wait-for-end/--no-wait",
    default=True,
    show_envvar=True,
    help="Return when the node has gone, or as soon as it drains.",
)
def drain(node: str, zk: str | None, cluster: str, within: float, wait_for_end: bool) -> None:
    """Have the clients of NODE move elsewhere, and then end it.

    NODE is what `server nodes` shows: the beginning of its id, its url, or host:port. It is told
    through its admin port, so it needs one, and this command has to reach that.

    \b
    Examples:
      server drain 3f2b --zk
      server drain 192.0.2.7:7177 --zk zk1:2181/prod --within 120

    \b
    Exit codes: 0 it has gone (with --no-wait: it drains), 1 that could not be done or seen,
    2 a wrong option.
    """
    run(lambda: _drain(node, zk, cluster, within, wait_for_end))


async def _drain(name: str, zk: str | None, cluster: str, within: float, wait: bool) -> None:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    async with (
        watching(zk, cluster, TIMEOUT) as membership,
        aiohttp.ClientSession(timeout=timeout) as session,
    ):
        record = find_node(name, membership.snapshot.records)
        begun = await _begin(session, record, within)
        click.echo(f"{_named(record)} drains within {begun['within']:.0f} s")
        click.echo(f"channels left: {begun['channels']}")
        if wait:
            await _wait(session, record, membership, begun)


def find_node(name: str, records: Sequence[NodeRecord]) -> NodeRecord:
    """Return the node that somebody means.

    Args:
        name: its id or the beginning of it, its url, or its host:port.
        records: the nodes that there are.

    Raises:
        click.ClickException: it is none of them, or more than one.
    """
    found = [r for r in records if name in (r.node_id, r.url, join_host_port(r.host, r.port))]
    found = found or [r for r in records if name and r.node_id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise click.ClickException(f"{name!r} may be any of these:{_listed(found)}")
    if records:
        raise click.ClickException(f"there is no node {name!r}, but there are:{_listed(records)}")
    raise click.ClickException(f"there is no node {name!r}: none at all is registered")


async def _begin(
    session: aiohttp.ClientSession, record: NodeRecord, within: float
) -> dict[str, Any]:
    """Tell a node to drain; return its answer.

    Raises:
        click.ClickException: it cannot be told, or does not want to.
    """
    if not record.admin:
        raise click.ClickException(
            f"{_named(record)} has no admin port: start it with --admin-port, or send it SIGTERM"
        )
    try:
        who = (await _ask(session, "GET", record)).get("node")
        if who != record.node_id:
            raise click.ClickException(
                f"at {record.admin} another node answers, {who}: run this on the machine of "
                f"{_named(record)}, or start that with an --admin-host that is reached from here"
            )
        return await _ask(session, "POST", record, within=within)
    except (aiohttp.ClientError, TimeoutError) as exc:
        why = "no answer in time" if isinstance(exc, TimeoutError) else in_words(exc)
        raise click.ClickException(
            f"the admin port of {_named(record)} does not answer at {record.admin}: "
            f"{why}; run this where it is reached (by default it is on the "
            "loopback interface of the node's machine: --admin-host)"
        ) from exc


async def _ask(
    session: aiohttp.ClientSession, method: str, record: NodeRecord, **query: float
) -> dict[str, Any]:
    url = f"http://{record.admin}/v1/drain"
    async with session.request(method, url, params=query) as answer:
        if answer.content_type != "application/json":
            raise click.ClickException(f"what answers at {record.admin} is no node that can drain")
        body: dict[str, Any] = await answer.json()
        if answer.status >= 400:
            raise click.ClickException(f"{_named(record)} refuses: {body['error']}")
        return body


async def _wait(
    session: aiohttp.ClientSession,
    record: NodeRecord,
    membership: Membership,
    begun: dict[str, Any],
) -> None:
    """Return when a node has left the registry; tell meanwhile how far it is.

    `begun` is what the node said when it began; how many channels it had has been told already.

    Raises:
        click.ClickException: it has not left in the time that it named and `STOP_WITHIN` more.
    """
    told, seconds = begun["channels"], begun["within"] + STOP_WITHIN
    try:
        async with asyncio.timeout(seconds):
            while membership.snapshot.find(record.node_id) is not None:
                left = await _channels(session, record)
                if left is not None and left != told:
                    click.echo(f"channels left: {left}")
                    told = left
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError as exc:
        raise click.ClickException(
            f"{_named(record)} is still registered after {seconds:.0f} s: look at its log"
        ) from exc
    click.echo(f"{_named(record)} has gone")


async def _channels(session: aiohttp.ClientSession, record: NodeRecord) -> int | None:
    """Return how many channels a node has left; None if it does not answer any more."""
    try:
        return int((await _ask(session, "GET", record))["channels"])
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None


def _named(record: NodeRecord) -> str:
    return f"{record.node_id[:8]} ({record.url})"


def _listed(records: Sequence[NodeRecord]) -> str:
    return "".join(f"\n  {r.node_id}  {r.url}  {r.state}" for r in records)
