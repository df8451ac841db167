"""What the commands of `balancer` have in common: what they need, how they run, how they fail."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import uvloop

from balancer.client_address import Network, parse_network
from balancer.feed import CURE
from cluster.address import ZookeeperAddress, parse_zookeeper
from cluster.errors import InvalidAddress, ServiceUnavailable


def trusted_proxy_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--trusted-proxy`; the command gets networks."""
    return click.option(
        "--trusted-proxy",
        multiple=True,
        metavar="CIDR",
        show_envvar=True,
        callback=_networks,
        help="Believe the X-Forwarded-For of peers within this network. Repeat for several; in "
        "the environment separate them by spaces.",
    )(command)


def registry_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--wait` and `--cache`: what to do while the registry is not reached."""
    wait = click.option(
        "--wait",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        show_envvar=True,
        help="Give up, with exit code 1, if ZooKeeper was not reached within so many seconds. "
        "Without it, or with nodes in --cache, it is tried for ever; /readyz says why it is not "
        "ready.",
    )
    cache = click.option(
        "--cache",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        show_envvar=True,
        help="Keep the last list of nodes in this file, and begin with it at the next start, so "
        "that clients get to nodes even while ZooKeeper is away.",
    )
    return wait(cache(command))


def probe_option(default: float, what: str) -> Callable[..., Any]:
    """Return a decorator that adds `--probe`.

    Args:
        default: seconds.
        what: what becomes of a dead node, in words.
    """
    return click.option(
        "--probe",
        type=click.FloatRange(min=0),
        default=default,
        metavar="SECONDS",
        show_envvar=True,
        help="How often to see whether each node accepts connections, so that a dead one is "
        f"{what} before ZooKeeper notices; 0 for never.",
    )


def _networks(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[Network, ...]:
    try:
        return tuple(map(parse_network, values))
    except InvalidAddress as exc:
        raise click.BadParameter(str(exc)) from exc


def needed_zookeeper(zk: str | None, command: str) -> ZookeeperAddress:
    """Return where the nodes are registered.

    Args:
        zk: the value of `--zk`; None if it was not given.
        command: the command's name.

    Raises:
        UsageError: it was not given.
    """
    if zk is None:
        raise click.UsageError(
            "--zk is missing: the nodes are registered in ZooKeeper. "
            f"Say 'balancer {command} --zk …' for the one on this machine, or --zk HOST:PORT."
        )
    return parse_zookeeper(zk)


def run(program: Coroutine[Any, Any, None]) -> None:
    """Run a program to its end.

    Raises:
        ClickException: the registry was not reached in time.
    """
    try:
        uvloop.run(program)
    except ServiceUnavailable as exc:
        raise click.ClickException(f"{exc}; {CURE}") from exc


@contextmanager
def listening_on(place: str, options: str) -> Iterator[None]:
    """Tell in one line that an address could not be listened on.

    Args:
        place: the address, or several in words.
        options: which options name another.

    Raises:
        ClickException: in place of an `OSError` within.
    """
    try:
        yield
    except OSError as exc:
        # What asyncio puts before the reason says the address a second time.
        reason = (exc.strerror or str(exc)).rpartition(": ")[2]
        raise click.ClickException(
            f"cannot listen on {place}: {reason}; name another {options}"
        ) from exc
