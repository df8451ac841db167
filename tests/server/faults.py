"""An inbox that fails, waits or is overtaken when a test wants it to; otherwise the memory one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from cluster.errors import ServiceUnavailable
from server.envelope import Envelope
from server.inbox import Inbox, Position, Stored
from server.node import Node


def nothing() -> None:
    """Do nothing."""


class FaultyInbox:
    """Hands every call on to a real inbox, unless told otherwise. Passes the inbox contract."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        # Raise what the service raises while it is away.
        self.away = False
        # Raise something that nobody expects.
        self.broken = False
        # Recipients for whom nothing can be stored, ever.
        self.refused: set[str] = set()
        # What the next appends raise, one after another; None for those that succeed.
        self.failures: list[Exception | None] = []
        # Appends wait until it is set.
        self.gate = asyncio.Event()
        self.gate.set()
        # Called after the inbox has answered and before the caller gets that answer.
        self.meanwhile: Callable[[], None] = nothing
        # The sizes of the batches that were appended.
        self.batches: list[int] = []
        # How often it was opened.
        self.opened = 0

    @property
    def epoch(self) -> str:
        """See `Inbox.epoch`."""
        return self._inbox.epoch

    async def open(self) -> bool:
        """See `Inbox.open`."""
        self._check()
        self.opened += 1
        return await self._inbox.open()

    async def append(self, envelopes: Sequence[Envelope]) -> list[Stored]:
        """See `Inbox.append`."""
        await self.gate.wait()
        self._check()
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        if any(envelope.recipient in self.refused for envelope in envelopes):
            raise LookupError("refused, as the test wants it")
        self.batches.append(len(envelopes))
        return await self._inbox.append(envelopes)

    async def position(self, user: str, device: str, offset: int | None = None) -> Position:
        """See `Inbox.position`."""
        self._check()
        position = await self._inbox.position(user, device, offset)
        self.meanwhile()
        return position

    async def read(self, user: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Inbox.read`."""
        self._check()
        entries = await self._inbox.read(user, after, limit)
        self.meanwhile()
        return entries

    async def heads(self, users: Sequence[str]) -> list[int]:
        """See `Inbox.heads`."""
        self._check()
        return await self._inbox.heads(users)

    async def acknowledged(self, users: Sequence[str]) -> list[int]:
        """See `Inbox.acknowledged`."""
        self._check()
        cursors = await self._inbox.acknowledged(users)
        self.meanwhile()
        return cursors

    async def raise_head(self, user: str, offset: int) -> bool:
        """See `Inbox.raise_head`."""
        self._check()
        return await self._inbox.raise_head(user, offset)

    async def raise_alarm(self) -> None:
        """See `Inbox.raise_alarm`."""
        self._check()
        await self._inbox.raise_alarm()

    async def alarms(self) -> int:
        """See `Inbox.alarms`."""
        self._check()
        return await self._inbox.alarms()

    async def acknowledge(self, user: str, device: str, offset: int) -> None:
        """See `Inbox.acknowledge`."""
        self._check()
        await self._inbox.acknowledge(user, device, offset)

    def _check(self) -> None:
        if self.broken:
            raise LookupError("broken, as the test wants it")
        if self.away:
            raise ServiceUnavailable("Redis", "nowhere", "away, as the test wants it")


def faulty(node: Node) -> FaultyInbox:
    """Return the inbox of a node that was made with `wrap=FaultyInbox`."""
    inbox = node.backends.inbox
    assert isinstance(inbox, FaultyInbox)
    return inbox
