"""The rebalancer: sheds channels of a crowded node, and keeps to itself who may not move again.

How many and to whom is the arithmetic of `rebalance`; telling them is the mover's part. Which ones:
drawn by lot among those that may move. Nothing is known of a channel that makes it cheaper to move
than another, and any order would always take the same ones first.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from itertools import takewhile
from typing import NamedTuple

from cluster.frames import MOVED_FOR
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot
from server.channel import Channel
from server.hub import Hub
from server.mover import Mover
from server.rebalance import SHOWS_AFTER, Shedding, spread, take_stock

# Seconds between two rounds, and within which those who are told go.
INTERVAL = 1.0

# Seconds until the channels are put into the drum again, if it has run empty.
_REFILL_AFTER = 10.0

# How many lots are drawn at most in a round, for each one that is wanted and above that.
_DRAWS_EACH, _DRAWS_MORE = 10, 100


class _Told(NamedTuple):
    """A channel that was told to move: when, to which node, and who."""

    moment: float
    node_id: str
    channel: Channel


class Rebalancer:
    """Looks once a second whether this node has too many channels, and moves some if so."""

    def __init__(
        self,
        node_id: str,
        hub: Hub,
        mover: Mover,
        snapshot: Callable[[], Snapshot],
        shedding: Shedding,
        *,
        clock: Callable[[], float],
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Make a rebalancer that has moved nobody.

        Args:
            node_id: this node's incarnation.
            hub: its channels.
            mover: tells them to go.
            snapshot: returns the registry as last seen, with loads.
            shedding: paces it.
            clock: monotonic time in seconds.
            draw: returns a random number from 0 up to, not including, 1.
        """
        self._node_id = node_id
        self._hub = hub
        self._mover = mover
        self._snapshot = snapshot
        self._shedding = shedding
        self._clock = clock
        self._draw = draw
        # Channels that are not to be moved, with the time until which; the first to end is first.
        # Those who have come by a move are here, and those who were told to go.
        self._settled: dict[Channel, float] = {}
        # What was told in the last `SHOWS_AFTER` seconds, oldest first.
        self._told: deque[_Told] = deque()
        # Channels whose lot has not been drawn yet; empty while the node does not shed.
        self._drum: list[Channel] = []
        # When the drum was filled last.
        self._filled = float("-inf")

    def settle(self, channel: Channel) -> None:
        """Leave a channel where it is for the next minutes: it has just moved."""
        self._settled.pop(channel, None)
        self._settled[channel] = self._clock() + MOVED_FOR

    def ended(self, channel: Channel) -> None:
        """Forget a channel."""
        self._settled.pop(channel, None)

    async def run(self) -> None:
        """Make a round every second, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            self.round()

    def round(self) -> None:
        """Move as many channels as are due now."""
        now = self._clock()
        self._forget(now)
        snapshot = self._snapshot()
        standing = None
        if not snapshot.stale:
            promised = Counter(told.node_id for told in self._told)
            standing = take_stock(self._node_id, self._count(), snapshot.records, promised)
        number = self._shedding.due(standing, now)
        if standing is not None and number:
            self._shed(spread(standing.room, number, self._draw()), now)
        elif not self._shedding.active:
            self._drum = []

    def _count(self) -> int:
        """Count the channels that are here and were not told to go just now."""
        return len(self._hub.channels) - sum(told.channel.open for told in self._told)

    def _forget(self, now: float) -> None:
        while self._told and self._told[0].moment <= now - SHOWS_AFTER:
            self._told.popleft()
        for channel in _until(self._settled, now):
            del self._settled[channel]

    def _shed(self, targets: list[NodeRecord], now: float) -> None:
        if not self._drum and now - self._filled >= _REFILL_AFTER:
            self._drum, self._filled = list(self._hub.channels), now
        draws = _DRAWS_EACH * len(targets) + _DRAWS_MORE
        while targets and self._drum and draws:
            draws -= 1
            channel = self._draw_lot()
            if channel in self._settled or not channel.writable:
                continue
            if self._mover.tell(channel, targets[-1], INTERVAL, "rebalance"):
                self.settle(channel)
                self._told.append(_Told(now, targets.pop().node_id, channel))

    def _draw_lot(self) -> Channel:
        """Take one channel out of the drum, each as likely as the others."""
        drum = self._drum
        place = int(self._draw() * len(drum))
        drum[place], drum[-1] = drum[-1], drum[place]
        return drum.pop()


def _until(deadlines: dict[Channel, float], now: float) -> list[Channel]:
    """Return those whose time is over; the dict is in the order of the times."""
    return [channel for channel, _ in takewhile(lambda entry: entry[1] <= now, deadlines.items())]
