"""Receipts: telling senders that a device of the recipient has acknowledged their message.

The cursor of the recipient's devices says it, wherever they are connected, so it is the cursor that
is asked, for all waiting senders together; nothing more goes over the bus.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from cluster.errors import Unavailable
from cluster.frames import Receipt
from server.channel import Channel
from server.directory import Directory
from server.inbox import Inbox

_log = logging.getLogger(__name__)

# Seconds between two rounds while anybody waits.
INTERVAL = 0.25

# Recipients who are asked for at once: all together might take longer than a call may.
CHUNK = 500

# Seconds after which a recipient that is connected and acknowledges nothing counts as not there.
PATIENCE = 30.0

# Receipts that may be waited for on one node, and by one channel, which must not take the place of
# all others; further ones are "stored" at once.
MAX_WAITING = 50_000
MAX_WAITING_EACH = 10_000


class _Wanted(NamedTuple):
    channel: Channel
    id: str
    recipient: str
    offset: int
    epoch: str
    until: float


class Receipts:
    """The senders that wait for a receipt."""

    def __init__(self, inbox: Inbox, directory: Directory) -> None:
        self._inbox = inbox
        self._directory = directory
        # Those that wait, in the order in which they came.
        self._waiting: list[_Wanted] = []
        # How many of them are each channel's.
        self._each: Counter[Channel] = Counter()
        self._wake = asyncio.Event()

    def want(self, channel: Channel, id: str, recipient: str, offset: int | None) -> None:
        """Have a sender told, once, what becomes of its message.

        Args:
            channel: the sender's.
            id: the message's id.
            recipient: the user who has to acknowledge it.
            offset: its place in the inbox; None if nobody is connected, or it is not known.
        """
        if offset is None or self._is_full(channel):
            _tell(channel, id, "stored")
            return
        self._each[channel] += 1
        until = asyncio.get_running_loop().time() + PATIENCE
        self._waiting.append(_Wanted(channel, id, recipient, offset, self._inbox.epoch, until))
        self._wake.set()

    async def run(self) -> None:
        """Ask for cursors, round after round, until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(INTERVAL)
            self._wake.clear()
            # Those that come while the store is asked stand behind them.
            waiting = tuple(self._waiting)
            undecided = await self._round(waiting)
            self._waiting[: len(waiting)] = [each for each in undecided if each.channel.open]
            self._each = Counter(wanted.channel for wanted in self._waiting)
            if self._waiting:
                self._wake.set()

    def _is_full(self, channel: Channel) -> bool:
        return len(self._waiting) >= MAX_WAITING or self._each[channel] >= MAX_WAITING_EACH

    async def _round(self, waiting: Sequence[_Wanted]) -> Sequence[_Wanted]:
        """Tell those for whom it is clear; return those who have to wait on."""
        try:
            return await self._decide(waiting)
        except Unavailable:
            return waiting
        except Exception:
            # One recipient that cannot be asked for would keep all others from being told.
            _log.exception("what became of %d messages cannot be told", len(waiting))
            for wanted in waiting:
                _tell(wanted.channel, wanted.id, "stored")
            return ()

    async def _decide(self, waiting: Sequence[_Wanted]) -> list[_Wanted]:
        """Tell those for whom it is clear; return the others."""
        users = list(dict.fromkeys(wanted.recipient for wanted in waiting))
        cursor_of: dict[str, int] = {}
        channels_of: dict[str, dict[str, str]] = {}
        for start in range(0, len(users), CHUNK):
            some = users[start : start + CHUNK]
            cursors, channels = await asyncio.gather(
                self._inbox.acknowledged(some), self._directory.lookup(some)
            )
            cursor_of.update(zip(some, cursors, strict=True))
            channels_of.update(zip(some, channels, strict=True))
        now = asyncio.get_running_loop().time()
        undecided = []
        for wanted in waiting:
            if wanted.epoch != self._inbox.epoch:
                _tell(wanted.channel, wanted.id, "stored")
            elif cursor_of[wanted.recipient] >= wanted.offset:
                _tell(wanted.channel, wanted.id, "delivered")
            elif not channels_of[wanted.recipient] or now > wanted.until:
                _tell(wanted.channel, wanted.id, "stored")
            else:
                undecided.append(wanted)
        return undecided


def _tell(channel: Channel, id: str, status: Literal["delivered", "stored"]) -> None:
    channel.tell(Receipt(id=id, status=status))
