"""`server inbox`: what waits for a user, and how far each device has read."""

import asyncio

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cluster.address import DEFAULT_REDIS
from cluster.errors import ServiceUnavailable
from cluster.names import check_name
from cluster.options import CONTEXT_SETTINGS, checked, cluster_option
from server.cures import cure_of
from server.redis_errors import CommandFailed
from server.redis_look import UserLook, Waiting, look_at_user
from server.redis_stream import RedisStream
from server.redis_target import parse_redis_url
from server.trace_report import SHORT, clock_time

# Seconds that one answer may take: it is no node that everybody waits for.
CALL_TIMEOUT = 5.0


@click.command(context_settings=CONTEXT_SETTINGS)
@click.argument("user", callback=checked(lambda name: check_name("user", name)))
@click.option(
    "--redis",
    metavar="URL",
    default=DEFAULT_REDIS,
    show_envvar=True,
    callback=checked(parse_redis_url),
    help="The store.",
)
@cluster_option
@click.option(
    "--messages",
    type=click.IntRange(0, 1000),
    default=10,
    metavar="N",
    show_envvar=True,
    help="How many of the waiting messages to show, the oldest first.",
)
@click.option(
    "--bodies", is_flag=True, show_envvar=True, help="Show what is in them. They are private."
)
@click.option(
    "--json",
    is_flag=True,
    show_envvar=True,
    help="Print it as JSON, for programs.",
)
def inbox(user: str, redis: str, cluster: str, messages: int, bodies: bool, json: bool) -> None:
    """Show what waits for USER, and how far each device has read.

    It looks into Redis, which also knows where USER is connected, and changes nothing there. Bodies
    are shown only if you ask.

    \b
    Examples:
      server inbox bob
      server inbox bob --redis redis://r1:6379/0 --cluster prod --messages 100 --json

    \b
    Exit codes: 0 here it is (also if nobody knows USER), 1 Redis does not answer, 2 a wrong option.
    """
    try:
        look = asyncio.run(_look(user, redis, cluster, messages, bodies))
    except ServiceUnavailable as exc:
        raise click.ClickException(f"{exc}; {cure_of(exc)}") from exc
    except CommandFailed as exc:
        raise click.ClickException(str(exc)) from exc
    if json:
        click.echo(msgspec.json.encode(look))
    else:
        _print(Console(), look)


async def _look(user: str, url: str, cluster: str, messages: int, bodies: bool) -> UserLook:
    stream = RedisStream(url, call_timeout=CALL_TIMEOUT, name="im-inbox")
    await stream.open()
    try:
        return await look_at_user(stream, cluster, user, messages=messages, bodies=bodies)
    finally:
        await stream.close()


def _print(console: Console, look: UserLook) -> None:
    if not look.head and not look.cursors and not look.channels:
        console.print(Text(f"{look.user}: never connected, and nobody ever wrote"))
        return
    console.print(_summary(look))
    for rows, draw in (
        (look.cursors, _devices),
        (look.channels, _channels),
        (look.page, _messages),
    ):
        if rows:
            console.print()
            console.print(draw(look))


def _summary(look: UserLook) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    used = "" if look.kept_bytes is None else f", {look.kept_bytes:,} bytes in Redis"
    for name, value in (
        ("user", look.user),
        ("head", f"{look.head}, the last offset that was given out"),
        ("acknowledged", f"{look.acked}, by the device that is furthest"),
        ("oldest", "-" if look.oldest is None else str(look.oldest)),
        ("kept", f"{look.kept}{used}"),
        ("waiting", f"{look.waiting}, for the device that is furthest behind"),
        ("channels", str(len(look.channels))),
    ):
        table.add_row(Text(name), Text(value))
    return table


def _devices(look: UserLook) -> Table:
    table = _table("devices", "device", "cursor", "waiting")
    for device, cursor in sorted(look.cursors.items(), key=lambda item: item[1]):
        table.add_row(Text(device), str(cursor), str(look.waiting_for(cursor)))
    return table


def _channels(look: UserLook) -> Table:
    table = _table("channels", "channel", "node")
    for channel, node in look.channels.items():
        table.add_row(channel, node[:SHORT])
    return table


def _messages(look: UserLook) -> Table:
    bodies = ["body"] if any(message.body is not None for message in look.page) else []
    title = f"{len(look.page)} of {look.waiting} waiting"
    table = _table(title, "offset", "from", "id", "taken", "bytes", *bodies)
    for message in look.page:
        table.add_row(*_cells(message))
    return table


def _cells(message: Waiting) -> list[Text]:
    taken = clock_time(message.time, with_date=True)
    cells = [str(message.offset), message.sender, message.id, taken, str(message.size)]
    if message.body is not None:
        cells.append(bytes(message.body).decode())
    return [Text(cell) for cell in cells]


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE, show_edge=False)
    numbers = ("cursor", "waiting", "offset", "bytes")
    for heading in headings:
        right = heading in numbers
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    return table
