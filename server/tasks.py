"""The long-running tasks of a node: started together, kept running, ended together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

from cluster.errors import Unavailable
from server.stats import Stats

_log = logging.getLogger(__name__)

# Seconds before a loop that failed is started again.
RESTART_DELAY = 0.5


async def gather_each(works: Iterable[Awaitable[None]]) -> None:
    """Do things that do not depend on each other, all at once; one that fails stops no other.

    An error that would come again (a key of the wrong type, say) is logged, since trying that one
    again and again would keep everything else from being done.

    Raises:
        Unavailable: one of them may succeed later; all have been tried.
    """
    results = await asyncio.gather(*works, return_exceptions=True)
    errors = [result for result in results if isinstance(result, Exception)]
    for error in errors:
        if not isinstance(error, Unavailable):
            _log.error("passed over one of %d: %r", len(results), error, exc_info=error)
    for error in errors:
        if isinstance(error, Unavailable):
            raise error


async def wait_for_event(event: asyncio.Event, timeout: float) -> bool:
    """Wait until an event is set, or `timeout` seconds have gone; return whether it is set.

    Not by `asyncio.wait_for`: until Python 3.12 it may swallow a cancellation that comes just when
    the event is set, and a loop that waits like that could never be ended.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await event.wait()
    return event.is_set()


class Tasks:
    """Owns tasks, so that none is lost, none dies unseen and none outlives the node."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        # Everything that is running.
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something once; an error is logged and counted."""
        task = asyncio.create_task(self._logged(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # A task that is cancelled before it has begun would leave this behind, never awaited.
        task.add_done_callback(lambda _task: work.close())

    def keep_running(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Run a loop for ever: one bad record that makes it fail does not stop it."""
        self.spawn(self._kept_running(loop))

    async def stop(self) -> None:
        """Cancel what is running, and wait until it has ended."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _logged(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            self._stats.unexpected += 1
            _log.exception("unexpected error in %s", getattr(work, "__qualname__", work))

    async def _kept_running(self, loop: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await loop()
            except Exception:
                self._stats.unexpected += 1
                _log.exception("unexpected error in a loop of the node; it goes on")
            await asyncio.sleep(RESTART_DELAY)
