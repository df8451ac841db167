"""Who has written to a user lately, so that a repeated send is recognised. Pure.

It decides nothing about messages: it remembers the last number of each sender's session.
"""

from itertools import islice
from typing import NamedTuple

from server.inbox_limits import InboxLimits


class Produced(NamedTuple):
    """The last message of one session that was stored for a recipient.

    Attributes:
        number: the second part of its id.
        offset: its place in the inbox.
        time: when it was stored, in seconds.
    """

    number: int
    offset: int
    time: float


def producer_key(sender: str, session: str) -> str:
    """Return the name of a sender's session; unambiguous, since a session has no slash."""
    return f"{sender}/{session}"


class Producers:
    """What is remembered for one recipient, in the memory of this process."""

    def __init__(self, limits: InboxLimits) -> None:
        self._limits = limits
        # Session → its last message, the least lately used first; written by `note`.
        self._last: dict[str, Produced] = {}

    def __len__(self) -> int:
        return len(self._last)

    def last(self, key: str) -> Produced | None:
        """Return a session's last message; None if it is not, or no longer, remembered."""
        return self._last.get(key)

    def note(self, key: str, produced: Produced) -> None:
        """Remember a session's last message, and forget what the limits allow to forget."""
        self._last.pop(key, None)
        self._last[key] = produced
        if len(self._last) > self._limits.sessions:
            self._forget(len(self._last) - self._limits.kept_sessions)
        oldest = next(iter(self._last))
        if self._last[oldest].time < produced.time - self._limits.session_age:
            self._forget(1)

    def _forget(self, count: int) -> None:
        for key in list(islice(self._last, count)):
            del self._last[key]
