"""A trial from its first signal handler to its exit code; what it tries is not known here."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from cluster.errors import ClusterError
from scripts.stack.errors import StackError
from scripts.stack.say import complain
from scripts.trial_lib.command import GIVEN_UP, NOT_RUN

R = TypeVar("R")


class Findings(Protocol):
    """What a trial found."""

    def complaints(self) -> Sized:
        """Return what was found wrong; empty if nothing was."""
        ...

    def to_json(self) -> bytes:
        """Return all of it, for a machine."""
        ...


@contextmanager
def conducted(program: str) -> Iterator[None]:
    """Say in one line why a trial that could not be run to its end was not.

    Raises:
        SystemExit: with 3 if it could not be run, with 130 if it was given up.
    """
    try:
        yield
    except (StackError, ClusterError) as exc:
        complain(f"{program}: {exc}")
        sys.exit(NOT_RUN)
    except asyncio.CancelledError:
        complain(f"{program}: given up; everything has been ended")
        sys.exit(GIVEN_UP)


async def until_signal(
    work: Coroutine[Any, Any, R], shorten: Callable[[], None] | None = None
) -> R:
    """Do some work to its end; SIGINT and SIGTERM cancel it.

    Args:
        work: what to do. It ends what it started when it is cancelled.
        shorten: what the first signal does instead, so that only the second one cancels.

    Raises:
        CancelledError: a signal cancelled it.
    """
    task = asyncio.ensure_future(work)
    # Signals after these would only disturb the ending.
    ways: Iterator[Callable[[], object]]
    ways = iter([task.cancel] if shorten is None else [shorten, task.cancel])

    def on_signal() -> None:
        way = next(ways, None)
        if way is not None:
            way()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return await task


def tell(report: Findings, lines: Iterable[str], folder: Path, copy: Path | None) -> int:
    """Print a report, write it into a folder and, if wanted, elsewhere; return the exit code."""
    for line in lines:
        click.echo(line)
    for path in (folder / "report.json", copy):
        if path is not None:
            path.write_bytes(report.to_json())
    click.echo(f"report: {copy or folder / 'report.json'}")
    return 1 if report.complaints() else 0
