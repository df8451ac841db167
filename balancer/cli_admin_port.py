"""`--admin-host` and `--admin-port`, for commands that have a port for operators beside them."""

from collections.abc import Callable
from typing import Any

import click


def admin_port_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--admin-host` and `--admin-port`."""
    host = click.option(
        "--admin-host",
        default="127.0.0.1",
        metavar="ADDRESS",
        show_envvar=True,
        help="Address of the admin port.",
    )
    port = click.option(
        "--admin-port",
        type=click.IntRange(0, 65535),
        metavar="PORT",
        show_envvar=True,
        help="Port for /healthz, /readyz and /metrics; 0: any free one. Without it there is none.",
    )
    return host(port(command))
