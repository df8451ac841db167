"""How long this machine kept the event loop from running: what a bound has to be spared of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

_TICK = 0.002


class _Wait:
    """A wait that begins now: tells how much of it the machine gave to others."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._wall, self._busy = time.monotonic(), time.thread_time()

    @property
    def kept(self) -> float:
        """Seconds for which it lasts longer than it was meant to, and for which nothing ran here.

        Those in which the loop was busy itself are none of them: its code may be what is tested.
        """
        wall, busy = time.monotonic() - self._wall, time.thread_time() - self._busy
        return max(0.0, wall - busy - self._seconds)


async def pause(seconds: float) -> float:
    """Let the loop go on for so long; return the seconds that the machine gave to others."""
    wait = _Wait(seconds)
    await asyncio.sleep(seconds)
    return wait.kept


class Stalls:
    """Measures, while it is entered, for how long the loop was kept from running, all together.

    A test that says "within a tenth of a second" means the code, not the machine that others use
    at the same time.
    """

    def __init__(self) -> None:
        # Seconds of those ticks that are over.
        self._before = 0.0
        # The tick that goes on. What is tested may see the end of a stall before it does.
        self._tick = _Wait(_TICK)
        self._begun = 0.0
        self._ticking: asyncio.Task[None] | None = None

    @property
    def seconds(self) -> float:
        """Seconds for which it was kept from running so far."""
        return self._before + self._tick.kept

    @property
    def elapsed(self) -> float:
        """Seconds since it was entered, without those in which the loop was kept from running."""
        return asyncio.get_running_loop().time() - self._begun - self.seconds

    async def __aenter__(self) -> Self:
        self._begun, self._tick = asyncio.get_running_loop().time(), _Wait(_TICK)
        self._ticking = asyncio.create_task(self._go_on())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._before, self._tick = self.seconds, _Wait(_TICK)


@asynccontextmanager
async def quicker_than(seconds: float) -> AsyncIterator[None]:
    """Hold the block to an upper bound, spared of what the machine takes."""
    async with Stalls() as stalls:
        yield
        assert stalls.elapsed < seconds
