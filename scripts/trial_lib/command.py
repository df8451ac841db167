"""What the command lines of trials share: options for services, a folder for logs, exit codes."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cluster.address import parse_zookeeper
from cluster.errors import ClusterError
from cluster.log import TextFormatter
from scripts.stack.paths import RUN
from scripts.trial_lib.endpoints import endpoints
from scripts.trial_lib.target import Target

F = TypeVar("F", bound=Callable[..., Any])

# Exit codes beside 0 and 1; 2 is click's own.
NOT_RUN = 3
GIVEN_UP = 130

_OPTIONS = {
    Target.ZOOKEEPER: ("zk", "HOST:PORT,…[/CHROOT]", "ZooKeeper"),
    Target.REDIS: ("redis", "URL", "Redis"),
    Target.RABBITMQ: ("amqp", "URL", "RabbitMQ"),
}


def service_options(remark: str = "") -> Callable[[F], F]:
    """Return a decorator that adds an option for the address of each service.

    Args:
        remark: what is done to a service that belongs to somebody else, in words.
    """

    def add(function: F) -> F:
        for target in reversed(_OPTIONS):
            name, metavar, what = _OPTIONS[target]
            function = click.option(
                f"--{name}",
                metavar=metavar,
                show_envvar=True,
                callback=_check_of(target),
                help=f"Use this {what}{remark}.  [default: start one]",
            )(function)
        return function

    return add


def _check_of(target: Target) -> Callable[..., Any]:
    def check(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        try:
            if value is not None:
                endpoints(target, value)
        except ClusterError as exc:
            raise click.BadParameter(str(exc)) from exc
        return value

    return check


def take_services(words: dict[str, Any]) -> dict[Target, str]:
    """Take the addresses of services out of the options; those that are not given are left out."""
    given = {target: words.pop(name) for target, (name, _, _) in _OPTIONS.items()}
    if given[Target.ZOOKEEPER] is not None:
        given[Target.ZOOKEEPER] = str(parse_zookeeper(given[Target.ZOOKEEPER]))
    return {target: address for target, address in given.items() if address is not None}


def make_folder(trial: str, seed: int) -> Path:
    """Make a folder for everything that one run leaves behind."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = RUN / trial / f"{stamp}-seed{seed}-{os.getpid()}"
    folder.mkdir(parents=True)
    return folder


def log_into(path: Path) -> None:
    """Keep this process's own log beside those of the nodes."""
    handler = logging.FileHandler(path)
    handler.setFormatter(TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("kazoo").setLevel(logging.ERROR)
