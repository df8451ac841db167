"""A task that keeps something true by doing the same again. It does not know what it is about."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from cluster.backoff import equal_jitter
from cluster.errors import Unavailable

_RETRY_FIRST = 0.1
_RETRY_MOST = 2.0

_log = logging.getLogger(__name__)


class Keeper:
    """Does one thing when it is woken, after a failure, and at the latest after a pause.

    Args:
        name: what is kept true, for the log.
        action: does it; returns the seconds until it is to be done again unless it is woken. It
            must be harmless to do it once too often.
        rest: seconds between two runs even if it is woken meanwhile. A run takes in all that
            has happened since, so a storm of events costs no more than a steady trickle.
    """

    def __init__(
        self, name: str, action: Callable[[], Awaitable[float]], *, rest: float = 0.05
    ) -> None:
        self._name = name
        self._action = action
        self._rest = rest
        self._woken = asyncio.Event()
        self._pauses = equal_jitter(_RETRY_FIRST, _RETRY_MOST)
        # Whether the last run failed; the first failure of a row is worth a warning.
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Do it now, and go on until stopped."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    def wake(self) -> None:
        """Do it again soon, and once more if it is being done at this moment."""
        self._woken.set()

    async def stop(self) -> None:
        """End it, in the middle of the action if need be; safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            pause = await self._once()
            await asyncio.sleep(self._rest)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()

    async def _once(self) -> float:
        """Do it once; return the seconds until the next time."""
        try:
            pause = await self._action()
        except Unavailable as exc:
            level = logging.DEBUG if self._failing else logging.WARNING
            _log.log(level, "%s: %s; trying again", self._name, exc)
        except Exception:
            # A mistake of ours. The loop goes on: what it keeps true matters more.
            _log.exception("%s failed; trying again", self._name)
        else:
            self._failing = False
            self._pauses = equal_jitter(_RETRY_FIRST, _RETRY_MOST)
            return pause
        self._failing = True
        return next(self._pauses)
