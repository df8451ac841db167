"""The router: envelopes in, batches to the store, answers to the senders. The hot path.

Natural batching: what arrives while a batch is being stored goes together in the next one. So
latency is lowest when little happens, and the cost of a message when much does. Batches are
moderated besides: the next one starts no sooner than the batch interval after the last.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeAlias

from cluster.errors import EpochChanged, Unavailable
from server.channel import Channel
from server.dispatch import Dispatch
from server.envelope import Envelope
from server.inbox import Inbox, Stored
from server.journal import Journal
from server.receipts import Receipts
from server.stats import Stats

_log = logging.getLogger(__name__)

_NO_ANSWER = "the store does not answer: send it again"

# Envelopes in one batch. A script call of this size keeps Redis busy for some milliseconds.
MAX_BATCH = 500

# Bytes in one batch, but for the message that passes it: a call that takes longer than the store is
# given for it would count as an outage.
MAX_BATCH_BYTES = 1024 * 1024

# Bytes that may wait for the store; at more, senders are not read until it has caught up.
MAX_WAITING_BYTES = 32 * 1024 * 1024


# An envelope that waits, and the channel that waits to hear of it.
Pending: TypeAlias = tuple[Channel, Envelope]


class Router:
    """Stores what channels send, batch by batch, and has it delivered."""

    def __init__(
        self,
        inbox: Inbox,
        dispatch: Dispatch,
        receipts: Receipts,
        stats: Stats,
        *,
        journal: Journal,
        interval: float,
        epoch_changed: Callable[[], None],
        store_settled: Callable[[], bool],
    ) -> None:
        """Make a router that does nothing yet; `run` has to be started.

        Args:
            inbox: where messages are stored.
            dispatch: takes what is stored to its recipients.
            receipts: tells senders who asked for it what becomes of their message.
            stats: where it counts.
            journal: where it notes what could not be stored.
            interval: seconds between the starts of two batches, at least.
            epoch_changed: called when the store turns out to be another one.
            store_settled: tells whether the store may be written to; not before it is known that
                it has lost nothing.
        """
        self._inbox = inbox
        self._dispatch = dispatch
        self._receipts = receipts
        self._stats = stats
        self._journal = journal
        self._interval = interval
        self._epoch_changed = epoch_changed
        self._store_settled = store_settled
        # What has been submitted since the last batch was taken, in order.
        self._waiting: list[Pending] = []
        # The bytes in it.
        self._waiting_bytes = 0
        # Channels that are not being read until the store has caught up.
        self._held: list[Channel] = []
        self._wake = asyncio.Event()
        # Set while nothing waits and nothing is being stored.
        self.idle = asyncio.Event()
        self.idle.set()

    def submit(self, channel: Channel, envelope: Envelope) -> bool:
        """Take an envelope; False if its channel should not be read until `Channel.resume`."""
        self._waiting.append((channel, envelope))
        self._waiting_bytes += len(envelope.tail)
        self._wake.set()
        self.idle.clear()
        if self._waiting_bytes <= MAX_WAITING_BYTES:
            return True
        self._held.append(channel)
        return False

    @property
    def waiting(self) -> int:
        """How many envelopes wait for the store."""
        return len(self._waiting)

    async def run(self) -> None:
        """Store batch after batch, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            started = loop.time()
            batch = self._take()
            if batch:
                await self._store(batch)
            self._release()
            rest = self._interval - (loop.time() - started)
            if rest > 0 and batch:
                await asyncio.sleep(rest)

    def _take(self) -> list[Pending]:
        """Take the next batch, leaving out what would overtake an earlier message that failed.

        Only here, in the order in which they are stored, can it be told whether a message comes
        behind the one that failed: a copy that came earlier may still have waited.
        """
        count = self._batch_size()
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        if not self._waiting:
            self._wake.clear()
        batch = []
        for pending in taken:
            channel, envelope = pending
            self._waiting_bytes -= len(envelope.tail)
            if _in_order(pending):
                channel.order.came(envelope)
                batch.append(pending)
        return batch

    def _batch_size(self) -> int:
        """Return how many of those that wait may go together."""
        if self._waiting_bytes <= MAX_BATCH_BYTES:
            return MAX_BATCH
        size = 0
        for count, (_, envelope) in enumerate(islice(self._waiting, MAX_BATCH), 1):
            size += len(envelope.tail)
            if size > MAX_BATCH_BYTES:
                return count
        return MAX_BATCH

    async def _store(self, batch: Sequence[Pending]) -> None:
        if not self._store_settled():
            self._fail(batch, _NO_ANSWER)
            return
        self._stats.batches += 1
        envelopes = [envelope for _, envelope in batch]
        try:
            stored = await self._inbox.append(envelopes)
        except Unavailable as exc:
            if isinstance(exc, EpochChanged):
                self._epoch_changed()
            self._fail(batch, _NO_ANSWER)
        except Exception as exc:
            await self._isolate(batch, exc)
        else:
            self._answer(batch, stored)
            self._dispatch.send(envelopes, stored)

    async def _isolate(self, batch: Sequence[Pending], error: Exception) -> None:
        """Find the message that the store refuses, so that it takes no other with it.

        What was stored before the refusal is found to be a repetition, and so stored once.
        """
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._store(batch[:middle])
            # The first half may have failed for a while only: the second must not overtake it.
            rest = [pending for pending in batch[middle:] if _in_order(pending)]
            if rest:
                await self._store(rest)
            return
        [(channel, envelope)] = batch
        self._stats.unexpected += 1
        _log.error("the store refuses a message for %r: %s", envelope.recipient, error)
        reason = "the store refuses messages for this recipient"
        self._journal.failed([envelope], reason)
        channel.rejected(envelope, reason)

    def _answer(self, batch: Sequence[Pending], stored: Sequence[Stored]) -> None:
        stats = self._stats
        for (channel, envelope), result in zip(batch, stored, strict=True):
            if not envelope.durable:
                channel.done(len(envelope.tail))
                continue
            channel.sent(envelope, result.offset)
            if envelope.receipt:
                offset = result.offset if result.nodes else None
                self._receipts.want(channel, envelope.id, envelope.recipient, offset)
            if result.repeated:
                stats.repeated += 1
            else:
                stats.stored += 1

    def _fail(self, batch: Sequence[Pending], reason: str) -> None:
        self._stats.failed += len(batch)
        self._journal.failed([envelope for _, envelope in batch], reason)
        for channel, envelope in batch:
            channel.failed(envelope, reason)

    def _release(self) -> None:
        if not self._waiting:
            self.idle.set()
        if self._held and self._waiting_bytes <= MAX_WAITING_BYTES // 2:
            held, self._held = self._held, []
            for channel in held:
                channel.resume()


def _in_order(pending: Pending) -> bool:
    """Tell whether a message may be stored now; if not, its sender is told."""
    channel, envelope = pending
    if channel.order.overtakes(envelope):
        channel.out_of_order(envelope)
        return False
    return True
