"""Replay: reading the inbox for channels that lack something, on connect and after a gap alike."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from cluster.errors import EpochChanged, Unavailable
from cluster.frames import message_frame
from server.channel import Channel
from server.inbox import Inbox
from server.journal import Journal
from server.stats import Stats
from server.tasks import gather_each
from server.welcome import Welcome
from server.wire import text_frame

_log = logging.getLogger(__name__)

# Messages read for one channel at a time, and channels read for at once: the store is asked for
# all of them in one go, and a long inbox does not hold up the others.
CHUNK = 100
PARALLEL = 64

# Seconds before the inbox is read: a message that is only late has come by then.
PATIENCE = 0.005

# Seconds before another attempt while the store is away.
RETRY = 0.5


class Replay:
    """Reads what channels lack, many of them in one go, until they lack nothing."""

    def __init__(
        self,
        inbox: Inbox,
        welcome: Welcome,
        stats: Stats,
        *,
        journal: Journal,
        epoch_changed: Callable[[], None],
    ) -> None:
        self._epoch_changed = epoch_changed
        self._journal = journal
        self._inbox = inbox
        self._welcome = welcome
        self._stats = stats
        # Channels that lack something, in the order in which it was noticed.
        self._wanted: dict[Channel, None] = {}
        self._wake = asyncio.Event()

    def want(self, channel: Channel) -> None:
        """Have a channel get what it lacks; cheap to repeat."""
        if channel not in self._wanted:
            self._wanted[channel] = None
            self._wake.set()

    async def run(self) -> None:
        """Read, round after round, until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(PATIENCE)
            channels = self._take()
            try:
                await gather_each(self._read(channel) for channel in channels)
            except Unavailable as exc:
                if isinstance(exc, EpochChanged):
                    self._epoch_changed()
                for channel in channels:
                    self._want_again(channel)
                await asyncio.sleep(RETRY)

    def _take(self) -> Sequence[Channel]:
        channels = list(self._wanted)[:PARALLEL]
        for channel in channels:
            del self._wanted[channel]
        if not self._wanted:
            self._wake.clear()
        return [channel for channel in channels if _lacks(channel)]

    async def _read(self, channel: Channel) -> None:
        sequence = channel.sequence
        after = sequence.next - 1
        entries = await self._inbox.read(channel.user, after, CHUNK)
        if sequence.next != after + 1:
            # It has got on in the meantime: what was read may be read again, or not be needed.
            self._want_again(channel)
            return
        if not entries or entries[0][0] != after + 1:
            # Dropped by retention, or by somebody who knows the store from outside.
            _log.warning("the inbox of %r lacks offset %d", channel.user, after + 1)
            if not entries:
                await self._skip_all(channel)
                return
            self._welcome.skip(channel, entries[0][0] - 1)
        for offset, tail in entries:
            channel.deliver(offset, text_frame(message_frame(offset, tail)))
        self._stats.replayed += len(entries)
        self._note(channel, entries[0][0], entries[-1][0])
        self._want_again(channel)

    def _note(self, channel: Channel, first: int, last: int) -> None:
        whose = (channel.user, channel.device, channel.epoch)
        self._journal.read(whose, channel.id, (first, last), channel.sequence.begun)

    async def _skip_all(self, channel: Channel) -> None:
        """Have a channel go on behind the head, if nothing that it lacks is there any more.

        What it took for the head may never have been there, or something may have been stored
        since the inbox was read: then the head is corrected, and the inbox is read again.
        """
        sequence = channel.sequence
        known, lacked = sequence.head, sequence.next
        [head] = await self._inbox.heads([channel.user])
        if (sequence.head, sequence.next) == (known, lacked):
            if head == known:
                self._welcome.skip(channel, head)
            sequence.head = head
        self._want_again(channel)

    def _want_again(self, channel: Channel) -> None:
        if _lacks(channel):
            self.want(channel)


def _lacks(channel: Channel) -> bool:
    return channel.open and channel.writable and channel.sequence.missing
