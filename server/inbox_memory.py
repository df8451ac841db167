"""The inboxes in the memory of one process: no service needed, gone with the process."""

import re
import time
from collections.abc import Callable, Sequence
from itertools import islice

from cluster.errors import EpochChanged
from server.directory import nodes_of
from server.envelope import Envelope
from server.inbox import Position, Retention, Stored
from server.memory_store import MemoryStore, UserInbox
from server.producers import Produced, producer_key

# The first match is the message's own: quotes within the sender's name are escaped.
_TIME = re.compile(rb'"time":([0-9.eE+-]+)')


class MemoryInbox:
    """A `server.inbox.Inbox` for nodes that share a process."""

    def __init__(
        self,
        store: MemoryStore,
        retention: Retention | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._retention = retention or Retention()
        self._clock = clock
        # The epoch that this object works in; set by `open`.
        self._epoch = ""

    @property
    def epoch(self) -> str:
        """The epoch; see `Inbox.epoch`."""
        return self._epoch

    async def open(self) -> bool:
        """Learn the epoch; see `Inbox.open`."""
        before, self._epoch = self._epoch, self._store.epoch
        return before != self._epoch

    async def append(self, envelopes: Sequence[Envelope]) -> list[Stored]:
        """Store a batch; see `Inbox.append`."""
        self._check_epoch()
        return [self._append_one(envelope) for envelope in envelopes]

    async def position(self, user: str, device: str, offset: int | None = None) -> Position:
        """Return where the inbox stands; see `Inbox.position`."""
        self._check_epoch()
        inbox = self._store.inbox(user)
        self._drop_old(inbox)
        cursor = inbox.cursors.get(device)
        if cursor is None and len(inbox.cursors) < self._store.limits.devices:
            inbox.cursors[device] = inbox.head if offset is None else min(offset, inbox.head)
        return Position(inbox.head, inbox.oldest, cursor)

    async def read(self, user: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return messages; see `Inbox.read`."""
        self._check_epoch()
        return list(islice(self._store.look(user).after(after), limit))

    async def heads(self, users: Sequence[str]) -> list[int]:
        """Return the last offsets; see `Inbox.heads`."""
        self._check_epoch()
        return [self._store.look(user).head for user in users]

    async def raise_head(self, user: str, offset: int) -> bool:
        """Raise a head; see `Inbox.raise_head`."""
        self._check_epoch()
        inbox = self._store.inbox(user)
        if inbox.head >= offset:
            return False
        inbox.head = offset
        inbox.tails.clear()
        return True

    async def acknowledged(self, users: Sequence[str]) -> list[int]:
        """Return what was acknowledged; see `Inbox.acknowledged`."""
        self._check_epoch()
        return [self._store.look(user).acked for user in users]

    async def raise_alarm(self) -> None:
        """Count up; see `Inbox.raise_alarm`."""
        self._store.alarms += 1

    async def alarms(self) -> int:
        """Return the count; see `Inbox.alarms`."""
        self._check_epoch()
        return self._store.alarms

    async def acknowledge(self, user: str, device: str, offset: int) -> None:
        """Note what a device has; see `Inbox.acknowledge`."""
        self._check_epoch()
        inbox = self._store.inbox(user)
        inbox.acked = max(inbox.acked, min(offset, inbox.head))
        inbox.cursors[device] = max(inbox.cursors.get(device, 0), min(offset, inbox.head))
        if len(inbox.cursors) > self._store.limits.devices:
            others = [known for known in inbox.cursors if known != device]
            del inbox.cursors[min(others, key=inbox.cursors.__getitem__)]
        inbox.drop_before(min(inbox.cursors.values()) + 1)

    def _check_epoch(self) -> None:
        if self._epoch != self._store.epoch:
            raise EpochChanged(self._epoch, self._store.epoch)

    def _append_one(self, envelope: Envelope) -> Stored:
        nodes = nodes_of(self._store.channels.get(envelope.recipient, {}))
        if not envelope.durable:
            return Stored(None, self._store.look(envelope.recipient).head, nodes)
        inbox = self._store.inbox(envelope.recipient)
        key = producer_key(envelope.sender, envelope.session)
        last = inbox.producers.last(key)
        if last is not None and envelope.number <= last.number:
            offset = last.offset if envelope.number == last.number else None
            return Stored(offset, inbox.head, nodes, repeated=True)
        offset = inbox.append(envelope.tail)
        inbox.producers.note(key, Produced(envelope.number, offset, self._clock()))
        inbox.drop_before(offset - self._retention.count + 1)
        return Stored(offset, offset, nodes)

    def _drop_old(self, inbox: UserInbox) -> None:
        limit = self._clock() - self._retention.age
        while inbox.tails and _time_of(inbox.tails[0]) < limit:
            inbox.tails.popleft()


def _time_of(tail: bytes) -> float:
    """Return when a message was sent; a tail that does not tell is never too old."""
    match = _TIME.search(tail)
    return float(match[1]) if match else float("inf")
