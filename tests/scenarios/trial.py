"""A trial as a process: `scripts/chaos`, `scripts/rolling-restart`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from scripts.stack.paths import ROOT
from tests.services import eventually

# Seconds within which the services, nodes and users are there.
STARTED_WITHIN = 90.0
# Seconds within which everything has been ended.
ENDED_WITHIN = 120.0


class Trial:
    """One run of a trial."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._folder = folder

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return (self._folder / "output").read_text()

    @property
    def report(self) -> dict[str, Any]:
        """The report that it has written."""
        told: dict[str, Any] = json.loads((self._folder / "report.json").read_text())
        return told

    @property
    def logs(self) -> Path:
        """The folder of its run."""
        return Path(self.output.splitlines()[0].partition("logs in ")[2])

    async def end(self) -> int:
        """Wait until it has ended; return its exit code."""
        async with asyncio.timeout(ENDED_WITHIN):
            return await self.process.wait()


StartTrial = Callable[..., Awaitable[Trial]]


@asynccontextmanager
async def trials(folder: Path, script: str, report: str, begun: str) -> AsyncIterator[StartTrial]:
    """Give a function that starts a trial with options and returns when it has begun.

    Args:
        folder: for its output and its report.
        script: its name in `scripts/`.
        report: the option that names the file for the report.
        begun: words in its output that say that it has begun.
    """
    started: list[Trial] = []

    async def start(*options: str) -> Trial:
        command = [str(ROOT / "scripts" / script), report, str(folder / "report.json")]
        with (folder / "output").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command, *options, stdin=-3, stdout=output, stderr=output
            )
        made = Trial(folder, process)
        started.append(made)
        await eventually(
            lambda: begun in made.output or process.returncode is not None, STARTED_WITHIN
        )
        return made

    yield start
    for each in started:
        if each.process.returncode is None:
            each.process.terminate()
            await each.process.wait()


def children_of(folder: Path) -> list[int]:
    """Return the processes that work in a run's folder, or below it."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and (entry / "cwd").resolve().is_relative_to(folder):
                found.append(int(entry.name))
        except OSError:
            continue  # it has ended meanwhile
    return found
