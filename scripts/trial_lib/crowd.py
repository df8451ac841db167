"""The crowd: all users, what they send each other, and the book that is kept about it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence

from client_sdk import Event, Happening, Message
from cluster.errors import ClusterError
from scripts.trial_lib.ledger import Entry, Ledger
from scripts.trial_lib.user import Route, User

log = logging.getLogger(__name__)

# Unconfirmed messages of one user; beyond them it waits, as an application would.
_MOST_WAITING = 200
# Users who connect at a time.
_ARRIVE_TOGETHER = 50


class Crowd:
    """Every user of a trial."""

    def __init__(
        self,
        routes: Sequence[Route],
        users: int,
        clock: Callable[[], float],
        *,
        delivered: Callable[[str, Message, Entry], None],
        noticed: Callable[[User, Event], None],
    ) -> None:
        """Make users who are not connected.

        Args:
            routes: given to the users in turn.
            users: how many.
            clock: seconds since the begin.
            delivered: called with the recipient, each message that arrives for the first time, and
                its entry in the ledger.
            noticed: called with each event of a client and the user whose it is.
        """
        self._clock = clock
        self._delivered = delivered
        self._noticed = noticed
        self.ledger = Ledger()
        self.users = [
            User(
                f"user-{number + 1:03d}",
                routes[number % len(routes)],
                received=self._received,
                noticed=self._note,
            )
            for number in range(users)
        ]
        # Sends on their way, and how many of them are whose.
        self._sending: set[asyncio.Task[None]] = set()
        self._waiting: Counter[str] = Counter()
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
        """How many sends are under way."""
        return len(self._sending)

    async def arrive(self) -> None:
        """Connect every user."""
        together = asyncio.Semaphore(_ARRIVE_TOGETHER)

        async def arrive(user: User) -> None:
            async with together:
                await user.arrive()

        await asyncio.gather(*map(arrive, self.users))

    async def depart(self) -> None:
        """Disconnect every user; sends that are still under way are given up."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
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
        number = self.ledger.send(sender.name, recipient.name, self._clock())
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

    def _received(self, recipient: str, message: Message) -> None:
        now = self.last_delivery = self._clock()
        number = message.body.get("n") if isinstance(message.body, dict) else None
        entry = self.ledger.deliver(message.sender, recipient, number, now)
        if entry is None:
            log.error("%s got %s once more, or wrongly", recipient, message)
            return
        self._delivered(recipient, message, entry)

    def _note(self, user: User, event: Event) -> None:
        log.info("%s: %s", user.name, event)
        if event.what is not Happening.ENDED:
            self.events[event.what] += 1
        self._noticed(user, event)
