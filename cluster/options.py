"""Command-line options that more than one program has: each is declared here, once."""

from collections.abc import Callable
from typing import Any

import click

from cluster.address import DEFAULT_ZOOKEEPER, parse_zookeeper
from cluster.errors import ClusterError
from cluster.log import FORMATS, LEVELS
from cluster.names import DEFAULT_CLUSTER, check_cluster

CONTEXT_SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "show_default": True,
    "max_content_width": 100,
}


def checked(check: Callable[[str], Any]) -> Callable[..., Any]:
    """Turn a function that raises `ClusterError` into a click callback that names the option."""

    def callback(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        if value is None:
            return None
        try:
            check(value)
        except ClusterError as exc:
            raise click.BadParameter(str(exc)) from exc
        return value

    return callback


def zk_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--zk`, with or without a value."""
    return click.option(
        "--zk",
        metavar="[HOST:PORT,…][/CHROOT]",
        is_flag=False,
        flag_value=DEFAULT_ZOOKEEPER,
        show_envvar=True,
        callback=checked(parse_zookeeper),
        help=f"ZooKeeper ensemble; without a value: {DEFAULT_ZOOKEEPER}.",
    )(command)


def cluster_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--cluster`."""
    return click.option(
        "--cluster",
        metavar="NAME",
        default=DEFAULT_CLUSTER,
        show_envvar=True,
        callback=checked(check_cluster),
        help="First word of every znode path, key, exchange and queue: several clusters can "
        "share the services.",
    )(command)


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--log-level` and `--log-format`."""
    level = click.option(
        "--log-level",
        type=click.Choice(LEVELS),
        default="info",
        show_envvar=True,
        help="How much to log.",
    )
    format = click.option(
        "--log-format",
        type=click.Choice(FORMATS),
        default="text",
        show_envvar=True,
        help="Lines for people, or one JSON object a line.",
    )
    return level(format(command))
