"""What commands that look at a whole cluster share: its nodes, and what their admin ports say."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp
import click

from cluster.address import DEFAULT_ZOOKEEPER, parse_zookeeper
from cluster.errors import ServiceUnavailable
from cluster.os_errors import in_words
from cluster.record import NodeRecord
from cluster.registry import Membership
from cluster.registry_zookeeper import ZookeeperRegistry
from server.cures import cure_of

T = TypeVar("T")

# Seconds to reach ZooKeeper before a command gives up, and to get an answer from an admin port.
TIMEOUT = 5.0
ADMIN_TIMEOUT = 2.0


class NodeCommand(click.Command):
    """A command with one argument, which a `--zk` before it swallows, as click reads it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; see `click.Command.parse_args`."""
        swallows = "--zk" in args
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as exc:
            if not swallows:
                raise
            told = exc.format_message()
            raise click.UsageError(
                f"{told} The word after --zk is taken for its value: write --zk at the end.", ctx
            ) from exc


class NoAnswer(Exception):
    """A node's admin port does not say what it was asked; the text says why."""


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run a command in a loop of its own.

    Raises:
        click.ClickException: ZooKeeper does not answer.
    """

    # What is logged of a service that is away stands in the error, or on the screen.
    logging.basicConfig(handlers=[logging.NullHandler()])

    async def guarded() -> T:
        return await main()

    try:
        return asyncio.run(guarded())
    except ServiceUnavailable as exc:
        raise click.ClickException(f"{exc}; {cure_of(exc)}") from exc


@asynccontextmanager
async def watching(
    zk: str | None, cluster: str, timeout: float = TIMEOUT
) -> AsyncIterator[Membership]:
    """Watch the nodes of a cluster, their loads included; the first list is there.

    Args:
        zk: the ensemble; None for the one on this machine.
        cluster: the cluster's name.
        timeout: seconds to reach it.

    Raises:
        ServiceUnavailable: it does not answer.
    """
    registry = ZookeeperRegistry(parse_zookeeper(zk or DEFAULT_ZOOKEEPER), cluster)
    try:
        await registry.connect(timeout)
        membership = await registry.watch(loads=True)
        await membership.wait_ready(timeout)
        yield membership
    finally:
        await registry.close()


def nobody(zk: str | None, cluster: str) -> str:
    """Return what to say of an empty list: where was looked, since a wrong name shows nobody too.

    Args:
        zk: the ensemble, as for `watching`.
        cluster: the cluster's name.
    """
    place = parse_zookeeper(zk or DEFAULT_ZOOKEEPER)
    return f"no node is registered in the cluster '{cluster}' at {place}; see --zk and --cluster"


def admin_session() -> aiohttp.ClientSession:
    """Return what asks admin ports; use it as an async context."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ADMIN_TIMEOUT))


async def ask(session: aiohttp.ClientSession, record: NodeRecord, path: str) -> bytes:
    """Return what a node's admin port answers to GET, with whatever status.

    Raises:
        NoAnswer: it has none, or it does not answer.
    """
    if not record.admin:
        raise NoAnswer("it has no admin port: start it with --admin-port")
    try:
        async with session.get(f"http://{record.admin}{path}") as answer:
            return await answer.read()
    except (aiohttp.ClientError, TimeoutError) as exc:
        why = "no answer in time" if isinstance(exc, TimeoutError) else in_words(exc)
        raise NoAnswer(f"its admin port does not answer at {record.admin}: {why}") from exc


async def of_each(
    records: Sequence[NodeRecord], question: Callable[[NodeRecord], Awaitable[T]]
) -> list[T | NoAnswer]:
    """Ask all nodes at once; return what each says, or why it does not."""

    async def one(record: NodeRecord) -> T | NoAnswer:
        try:
            return await question(record)
        except NoAnswer as exc:
            return exc

    return list(await asyncio.gather(*map(one, records)))


def another_node(record: NodeRecord) -> NoAnswer:
    """Return why an answer does not count: it is another node's.

    An admin port is on the loopback interface by default, where every machine has another one.
    """
    return NoAnswer(
        f"at {record.admin} another node answers: ask on its machine, or start it with an "
        "--admin-host that is reached from here"
    )
