"""Ghosts: users who are said to be online where nobody is. Pure; times in seconds.

A ghost is seen when a node that could know better names a channel on a dead incarnation, or says
that a user who has left is online. Its age counts from the death or the leave, or from the moment
since which the node that says so could know, whichever is later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ghost:
    """The ghost that was seen for the longest time.

    Attributes:
        age: seconds.
        user: who was said to be online.
        why: on which ground that was wrong, in words.
        node: the node that said so, as a number from 1.
        at: when, in seconds after the begin.
    """

    age: float = 0.0
    user: str = ""
    why: str = ""
    node: int = 0
    at: float = 0.0


class Ghosts:
    """Compares what nodes say about presence with what is true."""

    def __init__(self, watch: float) -> None:
        """Know of no death yet.

        Args:
            watch: seconds after a death for which those concerned are asked about; longer if no
                node that could know has said by then that all is well.
        """
        self._watch = watch
        # When each incarnation died.
        self._dead: dict[str, float] = {}
        # When each user who is away has left.
        self._away: dict[str, float] = {}
        # Until when at least to ask about a user.
        self._suspects: dict[str, float] = {}
        # The worst that was seen.
        self.longest = Ghost()
        # How many answers were compared.
        self.answers = 0

    def died(self, node_id: str, users: list[str], now: float) -> None:
        """Note the death of an incarnation, and who was connected to it."""
        self._dead[node_id] = now
        for user in users:
            self._suspects[user] = now + self._watch

    def left(self, user: str, now: float) -> None:
        """Note that a user's last channel has been closed."""
        self._away[user] = now

    def returned(self, user: str) -> None:
        """Note that a user is about to connect again."""
        self._away.pop(user, None)

    def suspects(self) -> list[str]:
        """Return those about whom to ask."""
        return sorted({*self._suspects, *self._away})

    def answer(
        self, user: str, channels: Mapping[str, str], node: int, asked: float, clear: float
    ) -> bool:
        """Take what a node says; return whether it is a ghost, of any age.

        Args:
            user: whom it is about.
            channels: channel_id → node_id.
            node: who says so, as an index.
            asked: when it was asked.
            clear: since when it could know the truth.
        """
        self.answers += 1
        wrong = [
            (self._dead[node_id], f"a channel on the dead incarnation {node_id}")
            for node_id in channels.values()
            if node_id in self._dead
        ]
        if channels and user in self._away:
            wrong.append((self._away[user], "online, though nobody is connected"))
        for since, why in wrong:
            age = asked - max(since, clear)
            if age > self.longest.age:
                self.longest = Ghost(age, user, why, node + 1, asked)
            self._suspects[user] = max(self._suspects.get(user, 0.0), asked + self._watch)
        if not wrong and self._suspects.get(user, asked) < asked:
            del self._suspects[user]
        return bool(wrong)
