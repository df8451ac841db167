"""Run the lines of the docs as a reader's shell does."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import AsyncExitStack, suppress

from tests.docs.kinds import Ends, Lasts
from tests.docs.place import Place
from tests.services import eventually

# Seconds that anything may take, on a machine that is busy.
_WITHIN = 180.0
_numbers = itertools.count(1)


class Run:
    """One command that has been started in a place; its output is in a file there."""

    def __init__(self, place: Place, text: str) -> None:
        self._place = place
        self._text = text
        self._log = place.folder / f"output-{next(_numbers)}"
        # Set by `start`.
        self._process: asyncio.subprocess.Process | None = None

    def __str__(self) -> str:
        return f"{self._text}\n{self.output}"

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(errors="replace")

    async def start(self, *, typing: bool) -> None:
        """Start it, with an open standard input if somebody is to type, else with none."""
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *("bash", "-c", self._text),
                cwd=self._place.folder,
                env=self._place.environment(),
                stdin=PIPE if typing else DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def type(self, line: str) -> None:
        """Type a line."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    def has_shown(self, pattern: str) -> bool:
        """Tell whether a pattern is in its output.

        Raises:
            AssertionError: it is not, and the command has ended.
        """
        assert self._process is not None
        over = self._process.returncode is not None
        found = re.search(pattern, self.output, re.MULTILINE) is not None
        assert found or not over, f"ended without {pattern!r}: {self}"
        return found

    async def end(self) -> int:
        """Wait until it has ended; return its exit code."""
        assert self._process is not None
        async with asyncio.timeout(_WITHIN):
            return await self._process.wait()

    async def interrupt(self) -> int:
        """Press Ctrl-C; return its exit code."""
        self._signal(signal.SIGINT)
        return await self.end()

    async def kill(self) -> None:
        """End it and all that it has started, if it still runs."""
        self._signal(signal.SIGKILL)
        await self.end()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


async def run(place: Place, claim: Ends | Lasts, text: str, at_end: AsyncExitStack) -> None:
    """Run a command as it stands in the docs, and see that it does what is claimed of it.

    Args:
        place: where.
        claim: what it is to do.
        text: the command; an `&` behind it is left to the claim.
        at_end: what ends a command that stays.
    """
    line = place.meant(text.removesuffix(" &"))
    if isinstance(claim, Ends):
        await _to_its_end(Run(place, line if not claim.look else f"{line} &&\n{claim.look}"), claim)
        return
    started = Run(place, line)
    await started.start(typing=True)
    at_end.push_async_callback(started.kill)
    if claim.types:
        await started.type(claim.types)
    await eventually(lambda: started.has_shown(claim.shows), within=_WITHIN)
    if claim.stays:
        at_end.push_async_callback(_leave, started, claim)
    else:
        await _leave(started, claim)


async def _to_its_end(started: Run, claim: Ends) -> None:
    await started.start(typing=False)
    try:
        code = await started.end()
    except TimeoutError as exc:
        await started.kill()
        raise AssertionError(f"it goes on and on: {started}") from exc
    assert code in claim.codes, f"exit code {code}: {started}"
    assert started.has_shown(claim.shows)


async def _leave(started: Run, claim: Lasts) -> None:
    code = await started.interrupt()
    assert code in claim.codes, f"exit code {code} after Ctrl-C: {started}"
