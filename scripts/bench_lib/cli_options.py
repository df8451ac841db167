"""The options of `scripts/bench`, each declared once. They all have a variable IM_BENCH_…"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cluster.errors import ClusterError
from scripts.bench_lib.options import Options
from scripts.trial_lib.endpoints import endpoints
from scripts.trial_lib.target import Target

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

SERVICES = {"zk": Target.ZOOKEEPER, "redis": Target.REDIS, "amqp": Target.RABBITMQ}
"""The services, by the options that name them."""

_DEFAULTS = Options()


class _Numbers(click.ParamType):  # type: ignore[type-arg]  # generic in click 8.3 alone
    """Numbers above 0, separated by commas."""

    name = "N,…"

    def __init__(self, kind: type[int] | type[float], least: float) -> None:
        self._kind = kind
        self._least = least

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Return the numbers."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(self._kind(word) for word in str(value).split(","))
        except ValueError:
            self.fail("expected numbers, separated by commas", param, ctx)
        if not all(self._least <= number < float("inf") for number in numbers):
            self.fail(f"expected numbers from {self._least:g} on", param, ctx)
        return numbers


def _option(*names: str, **attributes: Any) -> Decorator:
    """Declare an option; its default is that of `Options`, its variable the same everywhere."""
    name = names[0].partition("/")[0].lstrip("-").replace("-", "_")
    attributes.setdefault("default", getattr(_DEFAULTS, names[-1], None))
    return click.option(*names, envvar=f"IM_BENCH_{name.upper()}", show_envvar=True, **attributes)


def _numbers(name: str, field: str, kind: type[int] | type[float], least: float, help: str) -> Any:
    default = ",".join(f"{number:g}" for number in getattr(_DEFAULTS, field))
    return _option(name, field, type=_Numbers(kind, least), default=default, help=help)


def _address(_context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    try:
        if value is not None:
            endpoints(SERVICES[parameter.name or ""], value)
    except ClusterError as exc:
        raise click.BadParameter(str(exc)) from exc
    return value


def _service(name: str, title: str, metavar: str) -> Decorator:
    text = f"Use this {title}.  [default: start one]"
    return _option(f"--{name}", name, metavar=metavar, callback=_address, help=text)


_COUNT = click.IntRange(min=1)
_SECONDS = click.FloatRange(min=0.0)
_FILE = click.Path(dir_okay=False, path_type=Path)

PAIRS = _option("--pairs", "pairs", type=_COUNT, help="Pairs of users who write to each other.")
RATE = _numbers("--rate", "rates", float, 0.1, "Messages a second of the open loops.")
NODES = _numbers("--nodes", "node_counts", int, 2, "Sizes of the cluster.")
ROUTING = _option(
    "--routing", "routing", type=click.Choice(["fanout", "direct"]), help="How the nodes publish."
)
DURABLE = _option(
    "--durable/--no-durable",
    "durable",
    default=None,
    help="Only messages of this kind.  [default: both]",
)
BODY_BYTES = _option(
    "--body-bytes", "body_bytes", type=click.IntRange(1, 60_000), help="Size of a message's body."
)
CONNECTIONS = _option("--connections", "connections", type=_COUNT, help="Idle connections.")
HEARTBEAT = _option(
    "--heartbeat",
    "heartbeat",
    type=click.FloatRange(min=1.0),
    metavar="SECONDS",
    help="Silence after which a node pings; idle nodes are measured for twice that.",
)
CONNECTS = _option("--connects", "connects", type=_COUNT, help="Users who connect in a run.")
CLIENTS = _option("--clients", "clients", type=_COUNT, help="Connections that ask for nodes.")
WAITING = _option("--waiting", "waiting", type=_COUNT, help="Messages that wait for each user.")
USERS = _option("--users", "users", type=_COUNT, help="Users who come back, one after the other.")

GENERAL = (
    _option("--reps", "reps", type=_COUNT, help="Runs of each case; the medians are shown."),
    _option("--seconds", "seconds", type=click.FloatRange(min=0.1), help="How long a run counts."),
    _option("--warm", "warm", type=_SECONDS, metavar="SECONDS", help="How long it runs before."),
    _option(
        "--noise",
        "noise",
        type=_SECONDS,
        metavar="PROCESSORS",
        help="Disturbance from which on a run is repeated.",
    ),
    _option("--tries", "tries", type=_COUNT, help="Runs to get a quiet one; the quietest counts."),
    _option(
        "--patience",
        "patience",
        type=_SECONDS,
        metavar="SECONDS",
        help="How long all repetitions because of noise may take together.",
    ),
    _option("--quick", "quick", is_flag=True, default=False, help="A short look at each case."),
    _option("--json", "json", type=_FILE, metavar="FILE", help="Write the results there, too."),
    _option("--compare", "compare", type=_FILE, metavar="FILE", help="Print ratios to that file."),
    _service("zk", "ZooKeeper", "HOST:PORT,…[/CHROOT]"),
    _service("redis", "Redis", "URL"),
    _service("amqp", "RabbitMQ", "URL"),
)
