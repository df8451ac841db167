"""Acknowledgements on their way to the inbox: the last one of each device, a few times a second."""

import asyncio

from cluster.errors import EpochChanged, Unavailable
from server.channel import Channel
from server.inbox import Inbox

# Seconds between two rounds. What is lost by a crash in between costs a replay, no message.
INTERVAL = 0.5


class Acknowledgements:
    """Collects acknowledgements, which are cumulative: only the last one of a device counts."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        # The last offset that each (user, device) has handled and the inbox does not know of.
        self._waiting: dict[tuple[str, str], int] = {}

    def note(self, channel: Channel, offset: int) -> None:
        """Take an acknowledgement."""
        key = (channel.user, channel.device)
        if offset > self._waiting.get(key, 0):
            self._waiting[key] = offset

    def forget(self) -> None:
        """Drop what was counted in an epoch that is over."""
        self._waiting.clear()

    async def flush(self) -> None:
        """Tell the inbox everything now.

        Raises:
            EpochChanged: the store is another one; what it was not told means nothing there.
            Unavailable: it does not answer; what it was not told is kept.
        """
        waiting, self._waiting = self._waiting, {}
        try:
            await asyncio.gather(
                *(
                    self._inbox.acknowledge(user, device, offset)
                    for (user, device), offset in waiting.items()
                )
            )
        except EpochChanged:
            # They were counted in an epoch that is over: in the new one they would be wrong.
            raise
        except Unavailable:
            self._waiting = waiting | self._waiting
            raise

    async def run(self) -> None:
        """Tell the inbox, round after round, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.flush()
            except Unavailable:
                continue
