"""The options of `server start`, each declared once; `start_options` puts them on a command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cluster.address import DEFAULT_AMQP, DEFAULT_REDIS, check_public_url, parse_host_port
from cluster.frames import DEFAULT_MAX_MESSAGE_BYTES, DEFAULT_PATH
from cluster.options import checked, cluster_option, log_options, zk_option
from server.bus_rabbitmq_parameters import parse_url as parse_amqp_url
from server.inbox import Retention
from server.journal import DEFAULT_JOURNAL_BYTES
from server.redis_target import parse_redis_url
from server.settings import DEFAULT_PORT

Command = Callable[..., Any]

_SECONDS = click.FloatRange(min=0.0)
_PORT = click.IntRange(0, 65535)

# What stands in the record has to fit into a small znode.
MAX_ZONE_BYTES = 128
MAX_PATH = 128


def _option(*names: str, **attributes: Any) -> Callable[[Command], Command]:
    return click.option(*names, show_envvar=True, **attributes)


def _zone(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if len(value.encode(errors="replace")) > MAX_ZONE_BYTES:
        raise click.BadParameter(f"it must be at most {MAX_ZONE_BYTES} bytes long")
    return value


def _path(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not value.startswith("/") or any(c in value for c in "?# ") or len(value) > MAX_PATH:
        raise click.BadParameter(
            f"it must begin with '/', hold no '?', '#' or space, and be {MAX_PATH} long at most"
        )
    return value


# Those that other commands have, too.
redis_option = _option(
    "--redis",
    metavar="URL",
    default=DEFAULT_REDIS,
    callback=checked(parse_redis_url),
    help="Redis, which holds the inboxes; a node needs it with --zk.",
)
amqp_option = _option(
    "--amqp",
    metavar="URL",
    default=DEFAULT_AMQP,
    callback=checked(parse_amqp_url),
    help="RabbitMQ, by which nodes reach each other; a node needs it with --zk.",
)
session_timeout_option = _option(
    "--session-timeout",
    type=click.FloatRange(1.0, 120.0),
    default=6.0,
    metavar="SECONDS",
    help="After how long without a sign of life the node counts as dead.",
)


# What it stands on.
_SERVICES = (
    zk_option,
    redis_option,
    amqp_option,
    cluster_option,
    _option(
        "--wait",
        type=_SECONDS,
        metavar="SECONDS",
        help="Give up if the services were not reached by then.  [default: never]",
    ),
    session_timeout_option,
    _option(
        "--routing",
        type=click.Choice(["fanout", "direct"]),
        default="fanout",
        help="Send a batch to all nodes at once, or to each node concerned.",
    ),
)


# Where clients find it.
_ADDRESSES = (
    _option("--host", default="0.0.0.0", help="Address to listen on."),
    _option("--port", type=_PORT, default=DEFAULT_PORT, help="Port to listen on; 0: any free one."),
    _option(
        "--advertise",
        metavar="HOST:PORT",
        callback=checked(parse_host_port),
        help="Address by which others reach this node, if that is not its own (NAT, containers).",
    ),
    _option(
        "--public-url",
        metavar="URL",
        callback=checked(check_public_url),
        help="What clients connect to, if that is not ws:// at the advertised address: "
        "wss://HOST[:PORT]/PATH behind a TLS terminator.",
    ),
    _option("--path", default=DEFAULT_PATH, callback=_path, help="Where WebSockets are served."),
    _option(
        "--origin", multiple=True, help="Allowed Origin of browsers; repeatable.  [default: any]"
    ),
    _option(
        "--weight",
        type=click.IntRange(1, 1_000_000),
        default=1,
        help="Share of the clients relative to other nodes.",
    ),
    _option(
        "--zone",
        default="",
        callback=_zone,
        help="Where the node runs; clients prefer their own zone.",
    ),
)


# Who may connect.
_IDENTITY = (
    _option(
        "--auth-secret", metavar="KEY", help="Ask clients for a JWT signed with this key (HS256)."
    ),
    _option(
        "--auth-secret-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The same, read from a file, which `ps` does not show.",
    ),
)


# What it takes.
_LIMITS = (
    _option(
        "--max-connections",
        type=click.IntRange(min=1),
        metavar="N",
        help="Clients at one time; more get 503 and a time to come back.  "
        "[default: what the limit of open files leaves room for]",
    ),
    _option(
        "--accept-rate",
        type=click.FloatRange(min=0.0),
        default=0.0,
        metavar="N",
        help="New connections a second, one second's worth at once; 0: any number.",
    ),
    _option(
        "--heartbeat",
        type=click.FloatRange(min=1.0),
        default=25.0,
        metavar="SECONDS",
        help="Silence after which a client is pinged.",
    ),
    _option(
        "--heartbeat-grace",
        type=click.FloatRange(min=1.0),
        default=10.0,
        metavar="SECONDS",
        help="Silence after a ping that ends the channel.",
    ),
    _option(
        "--max-message-bytes",
        type=click.IntRange(min=128),
        default=DEFAULT_MAX_MESSAGE_BYTES,
        help="Largest message that a client may send.",
    ),
    _option(
        "--max-buffer-bytes",
        type=click.IntRange(min=4096),
        default=1024 * 1024,
        help="Unsent bytes beyond which a client counts as not reading.",
    ),
    _option(
        "--slow-timeout",
        type=_SECONDS,
        default=10.0,
        metavar="SECONDS",
        help="How long a client may go on not reading.",
    ),
    _option(
        "--batch-interval",
        type=_SECONDS,
        default=0.003,
        metavar="SECONDS",
        help="Least time between two batches to the store.",
    ),
    _option(
        "--inbox-max",
        type=click.IntRange(min=1),
        default=Retention().count,
        metavar="COUNT",
        help="Unacknowledged messages kept for a user.",
    ),
    _option(
        "--inbox-age",
        type=click.FloatRange(min=1.0),
        default=Retention().age,
        metavar="SECONDS",
        help="How long messages are kept for a user.",
    ),
)


# How its clients come to other nodes.
_MOVES = (
    _option(
        "--drain-within",
        type=_SECONDS,
        default=5.0,
        metavar="SECONDS",
        help="How long clients may take to move to other nodes when a signal stops this one; "
        "0: all are sent away at once.",
    ),
    _option(
        "--rebalance/--no-rebalance",
        default=True,
        help="Move clients to emptier nodes when this one has more than its share.",
    ),
    _option(
        "--rebalance-rate",
        type=click.FloatRange(0.0, 1.0, min_open=True),
        default=0.01,
        metavar="SHARE",
        help="The share of its clients that it moves then, a second.",
    ),
)


# How to look after it.
_WATCHING = (
    _option(
        "--admin-host",
        default="127.0.0.1",
        help="Address of the admin port. It asks for no password: keep it internal.",
    ),
    _option(
        "--admin-port",
        type=_PORT,
        help="Port for /healthz, /readyz and /metrics; 0: any free one.  [default: none]",
    ),
    _option(
        "--journal-bytes",
        type=click.IntRange(min=0),
        default=DEFAULT_JOURNAL_BYTES,
        metavar="N",
        help="Memory for what became of the latest messages, for `server trace`; 0: none.",
    ),
    _option(
        "--break-delivery",
        is_flag=True,
        help="Lose messages on purpose: for tests of tests, see docs/chaos.md.",
    ),
)


def start_options(command: Command) -> Command:
    """Add every option of a node to a command, in the order in which `--help` shows them."""
    groups = (_SERVICES, _ADDRESSES, _IDENTITY, _LIMITS, _MOVES, _WATCHING)
    command = log_options(command)
    for group in reversed(groups):
        for option in reversed(group):
            command = option(command)
    return command
