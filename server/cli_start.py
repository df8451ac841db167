"""`server start`: the options of a node."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import uvloop

from cluster.address import (
    DEFAULT_AMQP,
    DEFAULT_REDIS,
    parse_host_port,
    parse_zookeeper,
)
from cluster.errors import ServiceUnavailable
from cluster.frames import DEFAULT_MAX_MESSAGE_BYTES, DEFAULT_PATH
from cluster.log import set_up_logging
from cluster.options import CONTEXT_SETTINGS, checked, cluster_option, log_options, zk_option
from server.bus_rabbitmq_parameters import parse_url as parse_amqp_url
from server.inbox import Retention
from server.lifetime import run
from server.redis_target import parse_redis_url
from server.settings import DEFAULT_PORT, NodeSettings

_log = logging.getLogger(__name__)

# Bytes that a key for HS256 needs at least, by RFC 7518, section 3.2.
MIN_SECRET = 32

_SECONDS = click.FloatRange(min=0.0)
_PORT = click.IntRange(0, 65535)

# What stands in the record has to fit into a small znode.
MAX_ZONE_BYTES = 128
MAX_PATH = 128


def _option(*names: str, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
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


@click.command(context_settings=CONTEXT_SETTINGS)
@zk_option
@_option(
    "--redis",
    metavar="URL",
    default=DEFAULT_REDIS,
    callback=checked(parse_redis_url),
    help="The store; with --zk.",
)
@_option(
    "--amqp",
    metavar="URL",
    default=DEFAULT_AMQP,
    callback=checked(parse_amqp_url),
    help="The RabbitMQ broker; with --zk.",
)
@cluster_option
@_option("--host", default="0.0.0.0", help="Address to listen on.")
@_option("--port", type=_PORT, default=DEFAULT_PORT, help="Port to listen on; 0: any free one.")
@_option(
    "--advertise",
    metavar="HOST:PORT",
    callback=checked(parse_host_port),
    help="Address by which others reach this node, if that is not its own (NAT, containers).",
)
@_option("--path", default=DEFAULT_PATH, callback=_path, help="Where WebSockets are served.")
@_option(
    "--weight",
    type=click.IntRange(1, 1_000_000),
    default=1,
    help="Share of the clients relative to other nodes.",
)
@_option(
    "--zone", default="", callback=_zone, help="Where the node runs; clients prefer their own zone."
)
@_option(
    "--admin-host",
    default="127.0.0.1",
    help="Address of the admin port. It asks for no password: keep it internal.",
)
@_option(
    "--admin-port",
    type=_PORT,
    help="Port for /healthz, /readyz and /metrics; 0: any free one.  [default: none]",
)
@_option(
    "--routing",
    type=click.Choice(["fanout", "direct"]),
    default="fanout",
    help="Send a batch to all nodes at once, or to each node concerned.",
)
@_option("--auth-secret", metavar="KEY", help="Ask clients for a JWT signed with this key (HS256).")
@_option(
    "--auth-secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The same, read from a file, which `ps` does not show.",
)
@_option("--origin", multiple=True, help="Allowed Origin of browsers; repeatable.  [default: any]")
@_option(
    "--wait",
    type=_SECONDS,
    metavar="SECONDS",
    help="Give up if the services were not reached by then.  [default: never]",
)
@_option(
    "--session-timeout",
    type=click.FloatRange(1.0, 120.0),
    default=6.0,
    metavar="SECONDS",
    help="After how long without a sign of life the node counts as dead.",
)
@_option(
    "--max-connections",
    type=click.IntRange(min=1),
    metavar="N",
    help="Clients at one time; more get 503 and a time to come back.  "
    "[default: what the limit of open files leaves room for]",
)
@_option(
    "--accept-rate",
    type=click.FloatRange(min=0.0),
    default=0.0,
    metavar="N",
    help="New connections a second, one second's worth at once; 0: any number.",
)
@_option(
    "--heartbeat",
    type=click.FloatRange(min=1.0),
    default=25.0,
    metavar="SECONDS",
    help="Silence after which a client is pinged.",
)
@_option(
    "--heartbeat-grace",
    type=click.FloatRange(min=1.0),
    default=10.0,
    metavar="SECONDS",
    help="Silence after a ping that ends the channel.",
)
@_option(
    "--max-message-bytes",
    type=click.IntRange(min=128),
    default=DEFAULT_MAX_MESSAGE_BYTES,
    help="Largest message that a client may send.",
)
@_option(
    "--max-buffer-bytes",
    type=click.IntRange(min=4096),
    default=1024 * 1024,
    help="Unsent bytes beyond which a client counts as not reading.",
)
@_option(
    "--slow-timeout",
    type=_SECONDS,
    default=10.0,
    metavar="SECONDS",
    help="How long a client may go on not reading.",
)
@_option(
    "--batch-interval",
    type=_SECONDS,
    default=0.003,
    metavar="SECONDS",
    help="Least time between two batches to the store.",
)
@_option(
    "--drain-within",
    type=_SECONDS,
    default=5.0,
    metavar="SECONDS",
    help="How long clients may take to move to other nodes when a signal stops this one; "
    "0: all are sent away at once.",
)
@_option(
    "--inbox-max",
    type=click.IntRange(min=1),
    default=Retention().count,
    metavar="COUNT",
    help="Unacknowledged messages kept for a user.",
)
@_option(
    "--inbox-age",
    type=click.FloatRange(min=1.0),
    default=Retention().age,
    metavar="SECONDS",
    help="How long messages are kept for a user.",
)
@_option(
    "--rebalance/--no-rebalance",
    default=True,
    help="Move clients to emptier nodes when this one has more than its share.",
)
@_option(
    "--rebalance-rate",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    default=0.01,
    metavar="SHARE",
    help="The share of its clients that it moves then, a second.",
)
@_option(
    "--break-delivery",
    is_flag=True,
    help="Lose messages on purpose: for tests of tests, see docs/chaos.md.",
)
@log_options
def start(**options: Any) -> None:
    """Start one node.

    Without --zk it is a cluster of its own in memory, for trying things out; nothing survives it.
    With --zk it joins the cluster that is registered there, over the same Redis and RabbitMQ.

    \b
    Examples:
      server start
      server start --zk zk1:2181,zk2:2181/prod --redis redis://r1 --amqp amqp://mq1
      server start --zk --advertise chat1.example.org:443 --auth-secret-file jwt.key
      IM_SERVER_START_ZK=zk1:2181 IM_SERVER_START_ADMIN_PORT=9177 server start

    \b
    Exit codes: 0 stopped by SIGTERM or Ctrl-C, or drained; 1 a service or port could not be had;
    2 a wrong option.
    """
    set_up_logging(options.pop("log_level"), options.pop("log_format"))
    settings = make_settings(options)
    if settings.auth_secret is None and settings.is_open_to_others():
        _log.warning(
            "ANYONE WHO REACHES %s CAN CONNECT UNDER ANY NAME: set --auth-secret-file, "
            "or listen on --host 127.0.0.1 only",
            settings.host,
        )
    elif settings.auth_secret is not None and len(settings.auth_secret) < MIN_SECRET:
        _log.warning(
            "the key of the tokens has %d bytes: one below %d can be guessed (RFC 7518, 3.2)",
            len(settings.auth_secret),
            MIN_SECRET,
        )
    if settings.zk is None:
        _log.info("alone and in memory: without --zk, nothing outlives this node")
    if settings.break_delivery:
        _log.warning("THIS NODE LOSES MESSAGES ON PURPOSE: --break-delivery is for tests only")
    try:
        uvloop.run(run(settings))
    except ServiceUnavailable as exc:
        raise click.ClickException(f"gave up after --wait {settings.wait:g} s: {exc}") from exc
    except OSError as exc:
        options_meant = f"--host {settings.host} --port {settings.port}"
        if settings.admin_port is not None:
            options_meant += f", --admin-host {settings.admin_host}"
            options_meant += f" --admin-port {settings.admin_port}"
        raise click.ClickException(f"cannot listen on {options_meant}: {exc}") from exc


def make_settings(options: dict[str, Any]) -> NodeSettings:
    """Turn what click has parsed into the settings of a node.

    Raises:
        click.UsageError: options contradict each other.
    """
    secret_file: Path | None = options.pop("auth_secret_file")
    if secret_file is not None:
        if options["auth_secret"]:
            raise click.UsageError("--auth-secret and --auth-secret-file exclude each other")
        options["auth_secret"] = _read_secret(secret_file)
    if options["auth_secret"] == "":
        # An empty secret would be none at all, without the warning that this deserves.
        raise click.UsageError("--auth-secret is empty; leave it out to accept any name")
    zk, advertise = options.pop("zk"), options.pop("advertise")
    retention = Retention(options.pop("inbox_max"), options.pop("inbox_age"))
    return NodeSettings(
        zk=None if zk is None else parse_zookeeper(zk),
        advertise=None if advertise is None else parse_host_port(advertise),
        origins=options.pop("origin") or None,
        retention=retention,
        **options,
    )


def _read_secret(path: Path) -> str:
    try:
        secret = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise click.UsageError(f"--auth-secret-file: cannot read {path}: {exc}") from exc
    if not secret:
        raise click.UsageError(f"--auth-secret-file: {path} is empty")
    return secret
