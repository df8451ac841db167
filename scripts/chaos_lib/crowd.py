"""The crowd: all users, what they send each other, and the book that is kept about it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence

from client_sdk import Event, Happening, Message
from cluster.errors import ClusterError
from scripts.chaos_lib.ghosts import Ghosts
from scripts.chaos_lib.ledger import Ledger
from scripts.chaos_lib.stalls import Stall, Stalls
from scripts.chaos_lib.user import Route, User

log = logging.getLogger(__name__)

# Unconfirmed messages of one user; beyond them it waits, as an application would.
_MOST_WAITING = 200


class Crowd:
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
        self._clock = clock
        self._ghosts = ghosts
        self.ledger = Ledger()
        self.stalls = Stalls()
        self.users = [
            User(
                f"user-{number + 1:03d}",
                routes[number % len(routes)],
                received=self._received,
                noticed=self._noticed,
            )
            for number in range(users)
        ]
        # When each user has returned, in seconds; 0 for those who never left.
        self._returned: dict[str, float] = {}
        # Sends on their way, and how many of them are whose.
        self._sending: set[asyncio.Task[None]] = set()
        self._waiting: Counter[str] = Counter()
        # Leaves under way.
        self._leaving: set[asyncio.Task[None]] = set()
        # Why sends were not confirmed, and what clients reported.
        self.refusals: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        # When something was delivered last, in seconds.
        self.last_delivery = 0.0

    @property
    def connected(self) -> int:
        """How many users have a channel now."""
        return sum(user.connected for user in self.users)

    @property
    def busy(self) -> int:
        """How many sends and leaves are under way."""
        return len(self._sending) + len(self._leaving)

    async def arrive(self) -> None:
        """Connect every user."""
        await asyncio.gather(*(user.arrive() for user in self.users))

    async def depart(self) -> None:
        """Disconnect every user; sends that are still under way are given up."""
        for task in (*self._leaving, *self._sending):
            task.cancel()
        await asyncio.gather(*self._leaving, *self._sending, return_exceptions=True)
        await asyncio.gather(*(user.leave() for user in self.users))

    def on(self, node_id: str) -> list[User]:
        """Return the users whose channel an incarnation holds."""
        return [user for user in self.users if user.client is not None and user.node_id == node_id]

    async def talk(self, rate: float, generator: random.Random) -> None:
        """Send `rate` messages a second, between users at random, until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + 1 / rate, loop.time() - 1.0)
            await asyncio.sleep(max(0.0, due - loop.time()))
            sender, recipient = generator.sample(self.users, 2)
            if sender.client is not None and self._waiting[sender.name] < _MOST_WAITING:
                self._start_send(sender, recipient)

    def _start_send(self, sender: User, recipient: User) -> None:
        # The number is given here, so that the order of sending is the order of numbers.
        number = self.ledger.send(sender.name, recipient.name)
        self._waiting[sender.name] += 1
        task = asyncio.create_task(self._send(sender, recipient.name, number))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, sender: User, recipient: str, number: int) -> None:
        try:
            if sender.client is None:
                self.refusals["left"] += 1
                return
            sent = await sender.client.send(recipient, {"n": number})
        except ClusterError as exc:
            self.refusals[type(exc).__name__] += 1
            log.info("%s → %s %d is not confirmed: %s", sender.name, recipient, number, exc)
        else:
            trace = f"{sent.id} at offset {sent.offset}"
            self.ledger.confirm(sender.name, recipient, number, self._clock(), trace)
        finally:
            self._waiting[sender.name] -= 1

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

    def _received(self, recipient: str, message: Message) -> None:
        now = self.last_delivery = self._clock()
        number = message.body.get("n") if isinstance(message.body, dict) else None
        entry = self.ledger.deliver(message.sender, recipient, number, now)
        if entry is None:
            log.error("%s got %s once more, or wrongly", recipient, message)
            return
        # What comes before it is confirmed has not stalled.
        since = max(entry.confirmed or now, self._returned.get(recipient, 0.0))
        stall = Stall(max(0.0, now - since), now, message.sender, recipient, entry.number)
        self.stalls.note(stall)

    def _noticed(self, user: str, event: Event) -> None:
        log.info("%s: %s", user, event)
        if event.what is not Happening.ENDED:
            self.events[event.what] += 1
