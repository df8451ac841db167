"""What the inbox is: a user's messages in order, numbered without holes, kept until acknowledged.

Backends: `inbox_redis`, `inbox_memory`. One contract suite runs against both. An offset is valid
within an epoch: a store that was wiped begins a new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

from server.envelope import Envelope


class Stored(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What became of one envelope.

    Attributes:
        offset: its place in the recipient's inbox. None if it is not in this append's hands: the
            envelope was not durable, or it is an old repetition whose place is no longer known.
        head: the recipient's last offset now; with a larger one than it has, a channel looks.
        nodes: the nodes on which the recipient has channels, each once; it saves a look-up.
        repeated: True if the same id had been stored before, so nothing was stored now.
    """

    offset: int | None
    head: int
    nodes: tuple[str, ...]
    repeated: bool = False


class Position(NamedTuple):
    """Where a user's inbox stands when a device connects.

    Attributes:
        head: the last offset; 0 if nothing was ever stored.
        oldest: the first offset that can still be read; `head + 1` if there is none.
        cursor: the device's last acknowledged offset; None if it connects for the first time.
    """

    head: int
    oldest: int
    cursor: int | None


@dataclass(frozen=True, slots=True)
class Retention:
    """How long messages wait for their user.

    Attributes:
        count: how many an inbox keeps at least, if they are not acknowledged; stores may keep
            somewhat more, since whole blocks are trimmed.
        age: seconds after which a message may go, acknowledged or not.
    """

    count: int = 10_000
    age: float = 7 * 24 * 3600.0


class Inbox(Protocol):
    """The inboxes as one node uses them.

    Every method raises `cluster.errors.ServiceUnavailable` at once while the service is away, and
    `cluster.errors.EpochChanged`, without having written anything, when the store is no longer the
    one whose epoch this object knows.
    """

    @property
    def epoch(self) -> str:
        """The epoch that this object works in; set by `open`."""

    async def open(self) -> bool:
        """Learn the store's epoch, making one if it is empty; True if it differs from before."""

    async def append(self, envelopes: Sequence[Envelope]) -> list[Stored]:
        """Store a batch in the order given, in one round trip, and look the recipients up.

        All or nothing is not promised across users: on an error some may have been stored; the
        ids make it safe to append the same envelopes again. An id whose number is not larger than
        the last one stored for this recipient from the same sender and session is a repetition.
        """

    async def position(self, user: str, device: str, offset: int | None = None) -> Position:
        """Return where the inbox stands, for a device that connects.

        A device that has no cursor yet gets one, so that what it has not got is kept for it from
        now on: at `offset`, the last one that it says it has, or at the head if that is None. The
        position returned is that from before.
        """

    async def read(self, user: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (offset, tail) with a larger offset than `after`, in order.

        There may be more although fewer came: large messages come a few at a time.
        """

    async def heads(self, users: Sequence[str]) -> list[int]:
        """Return the last offset of each user, in the order asked; 0 where there is none."""

    async def raise_head(self, user: str, offset: int) -> bool:
        """Have offsets go on behind `offset`; True if the head was smaller.

        For a store that has lost its latest writes (a failover, a restart without the last second
        of its file): were offsets given out twice, new messages would pass for old ones.
        """

    async def acknowledged(self, users: Sequence[str]) -> list[int]:
        """Return the last offset that any device of each user has acknowledged; 0 for none."""

    async def raise_alarm(self) -> None:
        """Tell every node that the fast path has failed for somebody: heads are to be compared."""

    async def alarms(self) -> int:
        """Return how often the alarm was raised; nodes ask for it again and again."""

    async def acknowledge(self, user: str, device: str, offset: int) -> None:
        """Note that a device has everything up to `offset`; never goes back.

        What all devices of the user have acknowledged may be dropped.
        """
