"""What Redis holds for a cluster, in the memory of one process: shared by that process's nodes.

Plain state; the rules about it stand in `directory_memory` and `inbox_memory`.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from uuid import uuid4

from server.inbox_limits import InboxLimits
from server.producers import Producers


class UserInbox:
    """The messages of one user, and who has got and sent which."""

    def __init__(self, limits: InboxLimits) -> None:
        # The last offset that was given out.
        self.head = 0
        # The tails that are kept: those of the offsets `oldest` to `head`, without holes.
        self.tails: deque[bytes] = deque()
        # The last offset that any device has acknowledged.
        self.acked = 0
        # Device → the last offset that it acknowledged, or had when it first connected.
        self.cursors: dict[str, int] = {}
        # What repetitions are recognised by.
        self.producers = Producers(limits)

    @property
    def oldest(self) -> int:
        """The first offset that is kept; `head + 1` if there is none."""
        return self.head - len(self.tails) + 1

    def append(self, tail: bytes) -> int:
        """Keep a message; return its offset."""
        self.tails.append(tail)
        self.head += 1
        return self.head

    def after(self, offset: int) -> Iterator[tuple[int, bytes]]:
        """Yield (offset, tail) of what is kept with a larger offset."""
        first = max(offset + 1, self.oldest)
        return enumerate(islice(self.tails, first - self.oldest, None), first)

    def drop_before(self, offset: int) -> None:
        """Drop what has a smaller offset."""
        for _ in range(min(offset - self.oldest, len(self.tails))):
            self.tails.popleft()


class MemoryStore:
    """The directory and the inboxes of one process. It is lost with the process."""

    def __init__(self, limits: InboxLimits | None = None) -> None:
        # The bounds that every inbox of this store keeps.
        self.limits = limits or InboxLimits()
        # What offsets are counted in; replaced by `wipe`.
        self.epoch = uuid4().hex
        # User → channel_id → node_id; a user without channels is not in it.
        self.channels: dict[str, dict[str, str]] = {}
        # Incarnations that have not been swept.
        self.incarnations: set[str] = set()
        # How often a node said that the fast path has failed.
        self.alarms = 0
        # User → inbox; a user who never got a message nor acknowledged one is not in it.
        self.inboxes: dict[str, UserInbox] = {}

    def inbox(self, user: str) -> UserInbox:
        """Return a user's inbox for writing; made at the first use."""
        found = self.inboxes.get(user)
        if found is None:
            found = self.inboxes[user] = UserInbox(self.limits)
        return found

    def look(self, user: str) -> UserInbox:
        """Return a user's inbox for reading: an empty one, not kept, for who has none."""
        return self.inboxes.get(user) or UserInbox(self.limits)

    def wipe(self) -> None:
        """Lose everything, as a Redis does that comes back without its files."""
        self.epoch = uuid4().hex
        self.channels.clear()
        self.incarnations.clear()
        self.inboxes.clear()
        self.alarms = 0
