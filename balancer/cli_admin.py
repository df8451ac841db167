"""The options of `balancer start` by which an operator may act through the balancer."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from balancer.admin_token import MIN_TOKEN_LENGTH

# What may stand in a header as one word.
_SENDABLE = re.compile(r"[\x21-\x7e]+")


def admin_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--allow-admin`, `--admin-token` and `--admin-token-file`."""
    allow = click.option(
        "--allow-admin",
        is_flag=True,
        show_envvar=True,
        help="Let who shows the token see users' names and drain nodes, on the page and over HTTP.",
    )
    token = click.option(
        "--admin-token",
        metavar="TOKEN",
        show_envvar=True,
        help=f"The operator's token, of {MIN_TOKEN_LENGTH} characters or more.",
    )
    file = click.option(
        "--admin-token-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        show_envvar=True,
        help="The same from a file, which ps does not show.",
    )
    return allow(token(file(command)))


def read_admin_token(allow: bool, token: str | None, file: Path | None) -> str | None:
    """Return the operator's token; None if nobody may act.

    Raises:
        UsageError: the options contradict each other, or the token can be guessed or not be sent.
    """
    if token is not None and file is not None:
        raise click.UsageError("--admin-token and --admin-token-file exclude each other")
    if file is not None:
        token = _read(file)
    if not allow:
        if token is not None:
            raise click.UsageError("--admin-token does nothing without --allow-admin: say both")
        return None
    if token is None:
        raise click.UsageError("--allow-admin needs --admin-token or --admin-token-file")
    if len(token) < MIN_TOKEN_LENGTH or not _SENDABLE.fullmatch(token):
        raise click.UsageError(
            f"the token of --allow-admin must have {MIN_TOKEN_LENGTH} characters or more, all of "
            "them visible ASCII and none a space: 'openssl rand -hex 16' makes one"
        )
    return token


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise click.UsageError(f"--admin-token-file: cannot read {path}: {exc}") from exc
