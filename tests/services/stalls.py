"""How long this machine kept the event loop from running: what a bound has to be spared of."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

_TICK = 0.002


class Stalls:
    """Measures, while it is entered, by how much timers of the loop came late, all together.

    A test that says "within a tenth of a second" means the code, not the machine that others use
    at the same time.
    """

    def __init__(self) -> None:
        # Seconds by which ticks came late so far.
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
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _TICK
            await asyncio.sleep(_TICK)
            self.seconds += max(0.0, loop.time() - due - _TICK)
