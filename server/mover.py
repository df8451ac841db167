"""The mover: tells channels to go to other nodes, at an even pace.

It only tells: the client opens the new channel first and then closes the old one. Which channels
are to go, and why, is the business of `drain` and of whoever balances.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from cluster.frames import Move
from cluster.record import NodeRecord
from server.channel import Channel
from server.destinations import Destinations
from server.stats import Stats

Reason = Literal["drain", "rebalance"]

# Seconds between two handfuls of channels. Each client waits a random part of it, so that those of
# one handful do not go at the same moment either.
TICK = 0.1


def due(count: int, elapsed: float, over: float) -> int:
    """Return how many of `count` are to have been told `elapsed` seconds after the first.

    The handful of the first tick is due at once and the last one a tick before the end, so that all
    have been told, and have waited, when `over` seconds have gone.
    """
    if over <= TICK:
        return count
    return min(count, math.ceil(count * (elapsed + TICK) / over))


class Mover:
    """Sends channels away."""

    def __init__(
        self,
        destinations: Destinations,
        stats: Stats,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Make a mover.

        Args:
            destinations: where channels may go.
            stats: where it counts.
            clock: returns monotonic seconds.
            sleep: waits so many seconds.
        """
        self.destinations = destinations
        self._stats = stats
        self._clock = clock
        self._sleep = sleep

    def tell(self, channel: Channel, record: NodeRecord, within: float, reason: Reason) -> bool:
        """Tell a channel to go to a node, or away if the client cannot be expected to reach that.

        Args:
            channel: who is to go.
            record: where to.
            within: seconds, of which the client waits a random part.
            reason: what the move counts as.

        Returns:
            False if the channel has ended or is not connected yet; it is not told then.
        """
        if not channel.open or not channel.epoch:
            return False
        channel.tell(Move(url=None if channel.proxied else record.url, within=within))
        self._stats.moved[reason] += 1
        return True

    async def move(self, channels: Sequence[Channel], over: float, reason: Reason) -> int:
        """Tell channels to go, spread evenly over some seconds and by weight over the nodes.

        Each is sent to a node that is up when its turn comes. May be cancelled at any time.

        Args:
            channels: who is to go, in this order.
            over: seconds within which the last one is to have gone.
            reason: what the moves count as.

        Returns:
            How many were told: fewer if some have ended, or if there is no node left to go to.
        """
        began, done, told = self._clock(), 0, 0
        while done < len(channels):
            goal = due(len(channels), self._clock() - began, over)
            for channel in channels[done:goal]:
                record = self.destinations.next()
                if record is None:
                    return told
                told += self.tell(channel, record, min(TICK, over), reason)
            done = goal
            if done < len(channels):
                await self._sleep(TICK)
        return told
