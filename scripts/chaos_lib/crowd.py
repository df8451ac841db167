"""The restless crowd: users who leave and return, and how long messages to them stall."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from client_sdk import Event, Message
from scripts.chaos_lib.ghosts import Ghosts
from scripts.chaos_lib.stalls import Stall, Stalls
from scripts.trial_lib.crowd import Crowd
from scripts.trial_lib.ledger import Entry
from scripts.trial_lib.user import Route, User

log = logging.getLogger(__name__)


class RestlessCrowd(Crowd):
    """Every user of a run."""

    def __init__(
        self, routes: Sequence[Route], users: int, ghosts: Ghosts, clock: Callable[[], float]
    ) -> None:
        """Make users who are not connected.

        Args:
            routes: given to the users in turn.
            users: how many.
            ghosts: learns who leaves and returns.
            clock: seconds since the begin.
        """
        super().__init__(routes, users, clock, delivered=self._note_stall, noticed=_ignore)
        self._ghosts = ghosts
        self.stalls = Stalls()
        # When each user has returned, in seconds; 0 for those who never left.
        self._returned: dict[str, float] = {}
        # Leaves under way.
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> int:
        """How many sends and leaves are under way."""
        return super().busy + len(self._leaving)

    async def depart(self) -> None:
        """Disconnect every user, and let nobody return; see `Crowd.depart`."""
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await super().depart()

    def leave(self, users: Sequence[User], seconds: float) -> None:
        """Let users leave now and return after so many seconds; those who are away stay so."""
        for user in users:
            if user.client is None:
                continue
            task = asyncio.create_task(self._leave(user, seconds))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _leave(self, user: User, seconds: float) -> None:
        await user.leave()
        self._ghosts.left(user.name, self._clock())
        log.info("%s has left", user.name)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._ghosts.returned(user.name)
        await user.arrive()
        self._returned[user.name] = self._clock()
        log.info("%s has returned", user.name)

    def _note_stall(self, recipient: str, message: Message, entry: Entry) -> None:
        now = self.last_delivery
        # What comes before it is confirmed has not stalled.
        since = max(entry.confirmed or now, self._returned.get(recipient, 0.0))
        stall = Stall(max(0.0, now - since), now, message.sender, recipient, entry.number)
        self.stalls.note(stall)


def _ignore(_user: User, _event: Event) -> None:
    """Events are in the log, and that is enough here."""
