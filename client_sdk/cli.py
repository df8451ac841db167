"""The commands `chat` and `send`, which the `server` command loads by their entry points.

The only module of the SDK that reads the environment, through click.
"""

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from client_sdk.chat import run_chat
from client_sdk.chat_line import show_event
from client_sdk.connecting import Connecting, connect
from client_sdk.message import Sent
from client_sdk.terminal import read_lines
from client_sdk.zk_command import ZkCommand
from cluster.errors import ClusterError
from cluster.log import set_up_logging
from cluster.names import check_name
from cluster.options import CONTEXT_SETTINGS, checked, cluster_option, zk_option

DEFAULT_URL = "ws://127.0.0.1:7177"
# `send` shares no cursor with the person's own devices.
_SEND_DEVICE = "send-command"

_name = checked(partial(check_name, "user"))


def _connect_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where the nodes are and who is connecting."""
    options: list[Callable[[Callable[..., Any]], Callable[..., Any]]] = [
        zk_option,
        click.option(
            "--balancer", metavar="URL", show_envvar=True, help="Ask this balancer for a node."
        ),
        click.option(
            "--url",
            metavar="ws://NODE,…",
            show_envvar=True,
            help=f"Use these nodes. Without any of the three: {DEFAULT_URL}.",
        ),
        cluster_option,
        click.option("--token", show_envvar=True, help="Proof of the user, if it takes one."),
        click.option(
            "--wait",
            metavar="SECONDS",
            type=click.FloatRange(min=0, min_open=True),
            default=10.0,
            show_envvar=True,
            help="How long to try to connect.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _address(zk: str | None, balancer: str | None, url: str | None, cluster: str) -> str:
    """Return the address for `connect`.

    Raises:
        UsageError: more than one was given.
    """
    given = [value for value in (zk, balancer, url) if value]
    if len(given) > 1:
        raise click.UsageError("name one of --zk, --balancer and --url, not several")
    if zk:
        return f"zk://{zk}?cluster={cluster}"
    return balancer or url or DEFAULT_URL


def _fail(exc: ClusterError) -> click.ClickException:
    return click.ClickException("; ".join(line.strip() for line in str(exc).splitlines()))


@click.command(cls=ZkCommand, context_settings=CONTEXT_SETTINGS)
@_connect_options
@click.option(
    "--receipt",
    is_flag=True,
    show_envvar=True,
    help="Wait until a device of TO has acknowledged it, if one is connected.",
)
@click.argument("sender", metavar="FROM", callback=_name)
@click.argument("to", callback=_name)
@click.argument("text")
def send(
    zk: str | None,
    balancer: str | None,
    url: str | None,
    cluster: str,
    token: str | None,
    wait: float,
    receipt: bool,
    sender: str,
    to: str,
    text: str,
) -> None:
    """Send TEXT from FROM to TO and say where it is stored.

    \b
    Example:
      server send --zk alice bob "hello, bob"
      server send --url ws://127.0.0.1:7177 --receipt alice bob hello

    \b
    Exit codes: 0 it is stored; 1 no node was reached, or refused; 2 a wrong option.

    The word after --zk is taken for its value only if it has a `:` or a `/`.
    """
    set_up_logging("warning", "text")
    address = _address(zk, balancer, url, cluster)
    connecting = connect(
        address, user=sender, token=token, device=_SEND_DEVICE, connect_timeout=wait
    )
    try:
        sent = asyncio.run(_send(connecting, to, text, receipt=receipt))
    except ClusterError as exc:
        raise _fail(exc) from exc
    done = "delivered to" if sent.receipt == "delivered" else "stored for"
    # After a reconnect it may be known to be stored, but no longer where.
    place = "" if sent.offset is None else f" at offset {sent.offset}"
    click.echo(f"{done} {to}{place} (id {sent.id})")


async def _send(connecting: Connecting, to: str, text: str, *, receipt: bool) -> Sent:
    async with connecting as client:
        return await client.send(to, {"text": text}, receipt=receipt)


@click.command(context_settings=CONTEXT_SETTINGS)
@_connect_options
@click.option(
    "--as", "user", metavar="NAME", required=True, show_envvar=True, callback=_name, help="Who."
)
@click.option("--device", default="terminal", show_envvar=True, help="Which of your devices.")
def chat(
    zk: str | None,
    balancer: str | None,
    url: str | None,
    cluster: str,
    token: str | None,
    wait: float,
    user: str,
    device: str,
) -> None:
    """Talk from a terminal, or from a pipe.

    \b
    Example:
      server chat --as alice --zk
      bob: hello            goes to bob
      /to bob               so does every line from now on
      /who bob              is he connected?
      /quit                 or Ctrl-D

    \b
    Exit codes: 0 ended; 1 no node was reached, or refused; 2 a wrong option.
    """
    set_up_logging("warning", "text")
    address = _address(zk, balancer, url, cluster)
    try:
        connecting = connect(
            address,
            user=user,
            token=token,
            device=device,
            connect_timeout=wait,
            on_state=lambda event: _show(show_event(event, user)),
        )
        asyncio.run(_chat(connecting, sys.stdin.fileno()))
    except ClusterError as exc:
        raise _fail(exc) from exc
    except KeyboardInterrupt:
        _show("")


async def _chat(connecting: Connecting, descriptor: int) -> None:
    async with connecting as client:
        await run_chat(client, read_lines(descriptor), _show)


def _show(line: str) -> None:
    if line:
        click.echo(line)
