"""How long this machine kept the event loop from running: what a bound has to be spared of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

_TICK = 0.002


async def pause(seconds: float) -> float:
    """Let the loop go on for so long; return the seconds that the machine gave to others.

    Those in which the loop was busy itself are none of them: its code may be what is tested.
    """
    wall, busy = time.monotonic(), time.thread_time()
    await asyncio.sleep(seconds)
    wall, busy = time.monotonic() - wall, time.thread_time() - busy
    return max(0.0, wall - busy - seconds)


class Stalls:
    """Measures, while it is entered, for how long the loop was kept from running, all together.

    A test that says "within a tenth of a second" means the code, not the machine that others use
    at the same time.
    """

    def __init__(self) -> None:
        # Seconds for which it was kept from running so far.
        self.seconds = 0.0
        self._begun = 0.0
        self._ticking: asyncio.Task[None] | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since it was entered, without those in which the loop was kept from running."""
        return asyncio.get_running_loop().time() - self._begun - self.seconds

    async def __aenter__(self) -> Self:
        self._begun = asyncio.get_running_loop().time()
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()

    async def _tick(self) -> None:
        while True:
            self.seconds += await pause(_TICK)


@asynccontextmanager
async def quicker_than(seconds: float) -> AsyncIterator[None]:
    """Hold the block to an upper bound, spared of what the machine takes."""
    async with Stalls() as stalls:
        yield
        # The last stall is known when its tick is over.
        await asyncio.sleep(2 * _TICK)
        assert stalls.elapsed < seconds + 2 * _TICK
