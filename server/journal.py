"""The journal: what became of the latest messages on this node, for whoever asks where one is.

A ring in memory, bounded by bytes. Writing costs one append for each *batch*, which is kept as one
piece of bytes, so that its size is known and no thousands of small objects live on. They are taken
apart only when somebody searches (`server.trace`).
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from server.envelope import Envelope
from server.inbox import Stored

DEFAULT_JOURNAL_BYTES = 8 * 1024 * 1024

# What an entry takes beside the bytes in it, and what the acknowledgement of one device does.
# Rather too much: the ring must not outgrow its limit.
_ENTRY_BYTES = 400
_ACK_BYTES = 250

# (user, device, epoch): whose acknowledgement it is, and what its offset is counted in.
Acknowledger: TypeAlias = tuple[str, str, str]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened; `time` in seconds since 1970, by this node's clock."""

    time: float


class StoredBatch(Entry, frozen=True, gc=False):
    """A batch that the inbox took, with its results, in the epoch in which they are counted."""

    epoch: str
    batch: bytes

    def pairs(self) -> list[tuple[Envelope, Stored]]:
        """Return the envelopes, each with what became of it."""
        return list(zip(*_stored.decode(self.batch), strict=True))


class FailedBatch(Entry, frozen=True, gc=False):
    """Envelopes that were not stored; their senders were told why."""

    batch: bytes
    reason: str

    def envelopes(self) -> list[Envelope]:
        """Return them."""
        return _failed.decode(self.batch)


class PublishedBatch(Entry, frozen=True, gc=False):
    """A batch for the bus: which nodes it is for (None: all), and whether the bus took it."""

    batch: bytes
    nodes: frozenset[str] | None
    taken: bool


class ReceivedBatch(Entry, frozen=True, gc=False):
    """A batch from the bus with messages for users who are connected here."""

    batch: bytes


class InboxRead(Entry, frozen=True, gc=False):
    """What one channel got out of the inbox: the offsets from `first` to `last`.

    Attributes:
        head: the last offset when the channel began. What is not larger had waited for it; what is
            larger should have come by itself, and was repaired.
    """

    user: str
    device: str
    channel: str
    epoch: str
    first: int
    last: int
    head: int


class Acknowledged(Entry, frozen=True, gc=False):
    """Acknowledgements that the inbox was told: everything up to an offset, for each device."""

    offsets: Mapping[Acknowledger, int]


class Came(Entry, frozen=True, gc=False):
    """A channel of a user was opened on this node."""

    user: str
    device: str
    channel: str


class Left(Entry, frozen=True, gc=False):
    """A channel of a user has ended on this node."""

    user: str
    device: str
    channel: str


_encode = msgspec.msgpack.Encoder().encode
_stored = msgspec.msgpack.Decoder(tuple[list[Envelope], list[Stored]])
_failed = msgspec.msgpack.Decoder(list[Envelope])


class Journal:
    """What happened lately, the oldest first."""

    def __init__(
        self, max_bytes: int = DEFAULT_JOURNAL_BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        """Make an empty journal.

        Args:
            max_bytes: what it may hold, roughly; 0 to keep nothing at all.
            clock: returns seconds since 1970.
        """
        self._max_bytes = max_bytes
        self._clock = clock
        # What happened, with the size that each entry counts for.
        self._entries: deque[tuple[int, Entry]] = deque()
        # The sum of the sizes.
        self._bytes = 0
        # From when on nothing is missing, in seconds since 1970; moves on as entries are dropped.
        self._since = clock()

    @property
    def since(self) -> float | None:
        """From when on it knows everything, in seconds since 1970; None if it keeps nothing."""
        return self._since if self._max_bytes else None

    def entries(self) -> list[Entry]:
        """Return what it holds, the oldest first."""
        return [entry for _, entry in self._entries]

    def stored(self, epoch: str, envelopes: Sequence[Envelope], results: Sequence[Stored]) -> None:
        """Note a batch that the inbox has taken."""
        if self._max_bytes:
            batch = _encode((envelopes, results))
            self._add(StoredBatch(self._clock(), epoch, batch), len(batch))

    def failed(self, envelopes: Sequence[Envelope], reason: str) -> None:
        """Note messages that were not stored."""
        if self._max_bytes:
            batch = _encode(envelopes)
            self._add(FailedBatch(self._clock(), batch, reason), len(batch))

    def published(self, batch: bytes, nodes: frozenset[str] | None, *, taken: bool) -> None:
        """Note a batch that was handed to the bus, and whether the bus took it."""
        if self._max_bytes:
            self._add(PublishedBatch(self._clock(), batch, nodes, taken), len(batch))

    def received(self, batch: bytes) -> None:
        """Note a batch from the bus."""
        if self._max_bytes:
            self._add(ReceivedBatch(self._clock(), batch), len(batch))

    def read(self, channel: Acknowledger, id: str, offsets: tuple[int, int], head: int) -> None:
        """Note what a channel got out of the inbox.

        Args:
            channel: user, device and epoch of the channel.
            id: of the channel.
            offsets: the first and the last.
            head: see `InboxRead`.
        """
        if self._max_bytes:
            user, device, epoch = channel
            self._add(InboxRead(self._clock(), user, device, id, epoch, *offsets, head))

    def acknowledged(self, offsets: Mapping[Acknowledger, int]) -> None:
        """Note what the inbox was told; must not be changed afterwards."""
        if self._max_bytes:
            self._add(Acknowledged(self._clock(), offsets), len(offsets) * _ACK_BYTES)

    def came(self, user: str, device: str, channel: str) -> None:
        """Note a channel that was opened."""
        if self._max_bytes:
            self._add(Came(self._clock(), user, device, channel))

    def left(self, user: str, device: str, channel: str) -> None:
        """Note a channel that has ended."""
        if self._max_bytes:
            self._add(Left(self._clock(), user, device, channel))

    def _add(self, entry: Entry, size: int = 0) -> None:
        size += _ENTRY_BYTES
        self._entries.append((size, entry))
        self._bytes += size
        while self._bytes > self._max_bytes:
            dropped, oldest = self._entries.popleft()
            self._bytes -= dropped
            self._since = oldest.time
