"""`server start`: from options to a node that runs."""

import logging
from pathlib import Path
from typing import Any

import click
import uvloop

from cluster.address import parse_host_port, parse_zookeeper
from cluster.config_file import config_option, use_for_command, warn_of_open_secrets
from cluster.errors import ClusterError, ServiceUnavailable
from cluster.log import set_up_logging
from cluster.options import CONTEXT_SETTINGS
from server.inbox import Retention
from server.lifetime import run
from server.settings import NodeSettings
from server.start_options import start_options

_log = logging.getLogger(__name__)

# Bytes that a key for HS256 needs at least, by RFC 7518, section 3.2.
MIN_SECRET = 32


@click.command(context_settings=CONTEXT_SETTINGS)
@config_option(is_eager=True, expose_value=False, callback=use_for_command)
@start_options
@click.pass_context
def start(context: click.Context, /, **options: Any) -> None:
    """Start one node.

    Without --zk it is a cluster of its own in memory, for trying things out; nothing survives it.
    With --zk it joins the cluster that is registered there, over the same Redis and RabbitMQ.

    \b
    Examples:
      server start
      server start --zk zk1:2181,zk2:2181/prod --redis redis://r1 --amqp amqp://mq1
      server start --zk --advertise chat1.example.org:443 --auth-secret-file jwt.key
      server start --config im.toml
      IM_SERVER_START_ZK=zk1:2181 IM_SERVER_START_ADMIN_PORT=9177 server start

    \b
    Exit codes: 0 stopped by SIGTERM or Ctrl-C, or drained; 1 a service or port could not be had;
    2 a wrong option.
    """
    set_up_logging(options.pop("log_level"), options.pop("log_format"))
    warn_of_open_secrets(context)
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
    except ClusterError as exc:
        # What would be refused again: by an account without the rights, for example.
        raise click.ClickException(
            f"{exc}; 'server doctor' with the same options tells more"
        ) from exc
    except OSError as exc:
        options_meant = f"--host {settings.host} --port {settings.port}"
        if settings.admin_port is not None:
            options_meant += f", --admin-host {settings.admin_host}"
            options_meant += f" --admin-port {settings.admin_port}"
        # Without the number, which `strerror` says in words; it names the address, too.
        raise click.ClickException(
            f"cannot listen on {options_meant}: {exc.strerror or exc}; name another port"
        ) from exc


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
