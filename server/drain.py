"""The drain: takes one node out of rotation and has its clients move elsewhere, once.

    begin   the record says `draining`, so that nobody picks this node; new handshakes are turned
            away; the channels are told to move, spread evenly over the time
    then    whoever was connecting just then is told as well; everything else goes on as always
    end     the last channel is gone, or the time is over, or there is no node to go to

What comes after the end is the stop of the node: whoever is still here is closed with 4000.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from server.channel import Channel
from server.hub import Hub
from server.mover import Mover
from server.tasks import wait_for_event

_log = logging.getLogger(__name__)

# Who is told last still has to open a channel elsewhere and to close this one: the part of the time
# that is left for it, and how many seconds at most.
_REST_SHARE = 0.2
_REST = 2.0

# Seconds between two looks at whether somebody has connected since.
_LOOK_EVERY = 0.2


class Drain:
    """The drain of one node, from before it begins until it has ended."""

    def __init__(
        self,
        hub: Hub,
        mover: Mover,
        announce: Callable[[], None],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a drain that has not begun.

        Args:
            hub: the channels that are to go.
            mover: tells them where to.
            announce: called when it begins: no new clients may come from then on.
            spawn: runs it.
            clock: returns monotonic seconds.
        """
        self._hub = hub
        self._mover = mover
        self._announce = announce
        self._spawn = spawn
        self._clock = clock
        # When its time is over, in seconds of the clock; None before it begins.
        self._until: float | None = None
        # Set when it has ended, in whichever way.
        self.ended = asyncio.Event()

    @property
    def begun(self) -> bool:
        """Whether the node drains, or has drained."""
        return self._until is not None

    @property
    def left(self) -> float:
        """Seconds until its time is over; 0 if it has not begun."""
        return 0.0 if self._until is None else max(0.0, self._until - self._clock())

    def begin(self, within: float) -> bool:
        """Begin to drain in the background, within so many seconds.

        Returns:
            False if it had begun before; that time counts then.
        """
        if self.begun:
            return False
        self._until = self._clock() + within
        self._announce()
        self._spawn(self._run(within))
        return True

    async def _run(self, within: float) -> None:
        count = len(self._hub.channels)
        _log.info("draining: %d channels are to move within %g s", count, within)
        try:
            async with asyncio.timeout(within):
                await self._move_all()
        except TimeoutError:
            _log.info("drained: the time is over for %d channels", len(self._hub.channels))
        else:
            _log.info("drained: %d channels are left", len(self._hub.channels))
        finally:
            self.ended.set()

    async def _move_all(self) -> None:
        """Return when every channel has gone, or there is nowhere to go."""
        rest = min(_REST, self.left * _REST_SHARE)
        told: set[Channel] = set()
        while not self._hub.empty.is_set():
            if not self._mover.destinations.records():
                _log.info("there is no other node to go to")
                return
            news = [c for c in self._hub.channels if c.epoch and c not in told]
            told.update(news)
            await self._mover.move(news, max(0.0, self.left - rest), "drain")
            await wait_for_event(self._hub.empty, _LOOK_EVERY)
