"""Crowds from outside: as many processes as it takes to hold so many connections. Blocks."""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import Self

import msgspec

from scripts.bench_lib.connection import Address
from scripts.bench_lib.crowd import Orders, Report
from scripts.bench_lib.limits import shares
from scripts.stack.errors import StackError
from scripts.stack.paths import ROOT


class Crowds:
    """Processes of `crowd`, for as long as the context lasts."""

    def __init__(self, prefix: str, count: int, nodes: list[Address], most: int) -> None:
        """Describe them.

        Args:
            prefix: what the users' names begin with.
            count: how many users.
            nodes: where to connect; the users take turns.
            most: how many a process can hold.
        """
        self._orders = []
        first = 0
        for share in shares(count, most):
            self._orders.append(Orders(prefix, first, share, tuple(nodes)))
            first += share
        self._processes: list[subprocess.Popen[str]] = []

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [process.pid for process in self._processes]

    def __enter__(self) -> Self:
        """Start them and return when everybody is connected.

        Raises:
            StackError: somebody could not be.
        """
        try:
            for orders in self._orders:
                process = _start()
                self._processes.append(process)
                assert process.stdin is not None
                process.stdin.write(msgspec.json.encode(orders).decode() + "\n")
                process.stdin.flush()
            for process in self._processes:
                _wait_gathered(process)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End them: their connections break."""
        self._end()

    def _end(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
        self._processes.clear()


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.bench_lib.crowd"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # Ctrl-C is for the one who ends them.
        start_new_session=True,
    )


def _wait_gathered(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    report = msgspec.json.decode(line, type=Report) if line else Report(0, "it ended")
    if report.refused:
        raise StackError(report.refused, "see the nodes' logs, or take fewer --connections")
