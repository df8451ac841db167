"""`server nodes`: a table of the living."""

import asyncio
import json
import time

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from cluster.address import DEFAULT_ZOOKEEPER, parse_zookeeper
from cluster.errors import ServiceUnavailable
from cluster.options import CONTEXT_SETTINGS, cluster_option, zk_option
from cluster.registry_zookeeper import ZookeeperRegistry
from cluster.snapshot import Snapshot

# Seconds to reach ZooKeeper before the command gives up.
TIMEOUT = 5.0


@click.command(context_settings=CONTEXT_SETTINGS)
@zk_option
@cluster_option
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    show_envvar=True,
    help="Print the records as JSON, for programs.",
)
def nodes(zk: str | None, cluster: str, as_json: bool) -> None:
    """Show the nodes that are registered now; their whole ids with --json.

    \b
    Examples:
      server nodes --zk
      server nodes --zk zk1:2181/prod --json
    """
    try:
        snapshot = asyncio.run(_read(zk or DEFAULT_ZOOKEEPER, cluster))
    except ServiceUnavailable as exc:
        raise click.ClickException(
            f"{exc}; start it with 'scripts/services up zookeeper', or name another with --zk"
        ) from exc
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(record) for record in snapshot.records]))
    else:
        Console().print(_table(snapshot))


async def _read(zk: str, cluster: str) -> Snapshot:
    registry = ZookeeperRegistry(parse_zookeeper(zk), cluster)
    try:
        await registry.connect(TIMEOUT)
        membership = await registry.watch(loads=False)
        return await membership.wait_ready(TIMEOUT)
    finally:
        await registry.close()


def _table(snapshot: Snapshot) -> Table:
    count = len(snapshot.records)
    title = "1 node" if count == 1 else f"{count} nodes"
    table = Table(title=title, box=box.SIMPLE, show_edge=False)
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
