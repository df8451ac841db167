"""A small true store for the scripted nodes: inboxes, producers and cursors, as in the design."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count

from cluster.names import split_send_id

_epochs = count(1)


@dataclass
class Inbox:
    """One user's messages: offset n is at index n - 1, None once it is not kept any more."""

    tails: list[bytes | None] = field(default_factory=list)

    def oldest(self) -> int:
        """Return the first offset that can still be read."""
        return next((n for n, tail in enumerate(self.tails, 1) if tail), len(self.tails) + 1)


class Store:
    """What all nodes of one scripted cluster share."""

    def __init__(self) -> None:
        # Set by tests: False makes every append fail, as when Redis is away.
        self.up = True
        self.wipe()

    def wipe(self) -> None:
        """Forget everything and begin a new epoch."""
        self.epoch = f"e{next(_epochs)}"
        self.inboxes: defaultdict[str, Inbox] = defaultdict(Inbox)
        # (recipient, session) → the last number stored, and its offset.
        self.producers: dict[tuple[str, str], tuple[int, int]] = {}
        self.cursors: dict[tuple[str, str], int] = {}

    def append(self, to: str, send_id: str, tail: bytes) -> tuple[int | None, bool]:
        """Store a message once; return its offset and whether it is new."""
        parts = split_send_id(send_id)
        assert parts is not None, f"{send_id} is no id"
        session, number = parts
        last, offset = self.producers.get((to, session), (0, 0))
        if number <= last:
            return (offset if number == last else None), False
        tails = self.inboxes[to].tails
        tails.append(tail)
        self.producers[to, session] = number, len(tails)
        return len(tails), True

    def acknowledged(self, user: str) -> int:
        """Return the last offset that any device of a user has acknowledged."""
        return max((at for (owner, _), at in self.cursors.items() if owner == user), default=0)

    def trim(self, user: str, up_to: int) -> None:
        """Drop the oldest messages of a user."""
        tails = self.inboxes[user].tails
        tails[:up_to] = [None] * len(tails[:up_to])
