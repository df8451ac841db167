"""Acknowledgements on their way to the inbox: the last one of each device, a few times a second."""

import asyncio
from itertools import islice

from cluster.errors import Unavailable
from server.channel import Channel
from server.inbox import Inbox
from server.journal import Journal
from server.tasks import gather_each, wait_for_event

# Seconds between two rounds. What is lost by a crash in between costs a replay, no message.
INTERVAL = 0.5

# How many are told at once. All those of a large node together would take longer than a call may,
# and so count as an outage, again and again.
CHUNK = 500


class Acknowledgements:
    """Collects acknowledgements, which are cumulative: only the last one of a device counts."""

    def __init__(self, inbox: Inbox, journal: Journal | None = None) -> None:
        """Make one that has nothing to tell.

        Args:
            inbox: what is to be told.
            journal: where it notes what was told; None for nowhere.
        """
        self._inbox = inbox
        self._journal = journal or Journal(0)
        # The last offset that each (user, device, epoch) has handled and the inbox does not know.
        self._waiting: dict[tuple[str, str, str], int] = {}
        self._wake = asyncio.Event()

    def note(self, channel: Channel, offset: int) -> None:
        """Take an acknowledgement; it counts in the epoch that the channel was told."""
        key = (channel.user, channel.device, channel.epoch)
        if offset > self._waiting.get(key, 0):
            self._waiting[key] = offset

    async def flush(self) -> None:
        """Tell the inbox everything now; what was counted in an epoch that is over is dropped.

        What it was not told is kept, also when the flush is cancelled.

        Raises:
            Unavailable: it does not answer.
        """
        waiting, self._waiting = self._waiting, {}
        try:
            while some := dict(islice(waiting.items(), CHUNK)):
                valid = {k: offset for k, offset in some.items() if k[2] == self._inbox.epoch}
                await gather_each(
                    self._inbox.acknowledge(user, device, offset)
                    for (user, device, _), offset in valid.items()
                )
                if valid:
                    self._journal.acknowledged(valid)
                for key in some:
                    del waiting[key]
        finally:
            self._waiting = waiting | self._waiting

    def hurry(self) -> None:
        """Tell the inbox at once: a device has left, and may come back on another node."""
        if self._waiting:
            self._wake.set()

    async def run(self) -> None:
        """Tell the inbox, round after round, until cancelled."""
        while True:
            await wait_for_event(self._wake, INTERVAL)
            self._wake.clear()
            try:
                await self.flush()
            except Unavailable:
                continue
