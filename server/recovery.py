"""Recovery: what a node does when a service comes back, another node leaves, or the store is new.

The fast path may lose messages; the inbox has them. Comparing the heads of this node's users with
what their channels have got finds them again. Three things call for it: this node's own fast path
is away (then once a second), another node raised the alarm because *its* fast path failed, or a
node died with messages in hand.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from enum import Enum, auto
from itertools import islice

from cluster.errors import EpochChanged, Unavailable
from cluster.snapshot import Snapshot
from server.channel import Channel
from server.degradation import Degradation
from server.directory import Directory
from server.hub import Hub
from server.inbox import Inbox
from server.tasks import gather_each, wait_for_event
from server.welcome import Welcome

_log = logging.getLogger(__name__)

# Users whose heads are asked for in one call.
CHUNK = 500

# Seconds between two looks at the alarm, and at the store's epoch with it.
LOOK = 0.5

# Seconds between two comparisons: while the fast path is away, and as a safety net otherwise.
POLL = 0.9
SAFETY_NET = 30.0


class _Todo(Enum):
    CHECK_EPOCH = auto()
    REGISTER = auto()
    RAISE_ALARM = auto()
    COMPARE = auto()


class Recovery:
    """Sees to it that the node's picture and the store's agree again after anything."""

    def __init__(
        self,
        node_id: str,
        hub: Hub,
        directory: Directory,
        inbox: Inbox,
        welcome: Welcome,
        degradation: Degradation,
    ) -> None:
        self._node_id = node_id
        self._hub = hub
        self._directory = directory
        self._inbox = inbox
        self._welcome = welcome
        self._degradation = degradation
        # False from the moment the store is lost until heads have been compared with it again: it
        # may have come back without its latest writes.
        self.settled = True
        # The nodes in the last snapshot in which absence could be believed.
        self._living: frozenset[str] = frozenset()
        # Something has happened: look at once.
        self._wake = asyncio.Event()
        # What is to be done at the next look. Each is taken out when it is begun, so that a new
        # request is not missed, and put in again if the store does not answer.
        self._todo: set[_Todo] = set()
        # Channels that have to be told that everything begins anew.
        self._restart: list[Channel] = []
        # The alarms that had been raised at the last look.
        self._alarms = 0
        # Seconds, by the loop's clock, at which heads are compared whatever happens.
        self._next_comparison = 0.0

    def compare_heads(self) -> None:
        """Find what the fast path has lost."""
        self._todo.add(_Todo.COMPARE)
        self._wake.set()

    def alarm_others(self) -> None:
        """Have every node compare heads: what this one published may not have arrived."""
        self._todo.add(_Todo.RAISE_ALARM)

    def register_all(self) -> None:
        """Enter this node and its channels anew: the store was away, or they were swept."""
        self._todo |= {_Todo.REGISTER, _Todo.COMPARE}
        self._wake.set()

    def check_epoch(self) -> None:
        """Find out whether the store is still the same: something says that it is not."""
        self._todo.add(_Todo.CHECK_EPOCH)
        self._wake.set()

    def store_changed(self, connected: bool) -> None:
        """The store is lost (False), or answers again (True)."""
        self.settled = False
        self.check_epoch()
        self.register_all()

    def set_degraded(self, reason: str, degraded: bool) -> None:
        """Note that the fast path is away for a reason, or back."""
        if not self._degradation.set(reason, degraded):
            return
        if degraded:
            _log.warning("%s is away: messages between nodes come by polling", reason)
        else:
            _log.info("%s is back", reason)
        self.compare_heads()

    def look_at(self, snapshot: Snapshot) -> None:
        """Take a new snapshot of the registry.

        A node that left may have had messages in hand, stored and not yet published. While the
        registry was away this node may have been gone itself, and its channels swept by others.
        """
        was_stale = "ZooKeeper" in self._degradation.reasons
        self.set_degraded("ZooKeeper", not snapshot.complete)
        if not snapshot.complete:
            return
        living = snapshot.node_ids()
        came_back = self._node_id in living and self._living and self._node_id not in self._living
        if was_stale or came_back:
            self.register_all()
        if self._living - living:
            self.compare_heads()
        self._living = living

    async def run(self) -> None:
        """Recover from whatever was noted, until cancelled."""
        while True:
            await wait_for_event(self._wake, LOOK)
            self._wake.clear()
            try:
                await self._look()
            except EpochChanged:
                self.check_epoch()
            except Unavailable:
                # It is tried again at the next look, in LOOK seconds.
                continue

    async def _look(self) -> None:
        await self._do(_Todo.CHECK_EPOCH, self._learn_epoch)
        if not await self._directory.is_registered():
            # Another node took this one for dead, and has swept its channels.
            self._todo |= {_Todo.REGISTER, _Todo.COMPARE}
        await self._do(_Todo.REGISTER, self._enter_anew)
        await self._tell_restarted()
        await self._do(_Todo.RAISE_ALARM, self._inbox.raise_alarm)
        alarms = await self._inbox.alarms()
        now = asyncio.get_running_loop().time()
        if alarms != self._alarms or now >= self._next_comparison:
            self._todo.add(_Todo.COMPARE)
            self._alarms = alarms
            self._next_comparison = now + (POLL if self._degradation.reasons else SAFETY_NET)
        await self._do(_Todo.COMPARE, self._compare_all)
        self.settled = self.settled or not self._todo

    async def _do(self, todo: _Todo, work: Callable[[], Awaitable[None]]) -> None:
        if todo not in self._todo:
            return
        self._todo.discard(todo)
        try:
            await work()
        except Unavailable:
            self._todo.add(todo)
            raise

    async def _learn_epoch(self) -> None:
        if await self._inbox.open():
            _log.warning("the store is in a new epoch: it was wiped or replaced")
            self.register_all()
            self._restart = [
                channel for _, channels in self._channels() for channel in channels if channel.epoch
            ]
            # All at once, before anything of the new epoch can reach one of them.
            for channel in self._restart:
                channel.sequence.forget()

    async def _enter_anew(self) -> None:
        await self._directory.register_node()
        # Asked when its turn comes: one that has left by then would be entered for ever.
        await self._directory.add_all(
            (user, channel.id)
            for user, channels in self._channels()
            for channel in channels
            if channel in self._hub.users.get(user, ())
        )
        _log.info("entered the channels of %d users anew", len(self._hub.users))

    async def _tell_restarted(self) -> None:
        while self._restart:
            some = self._restart[-CHUNK:]
            await gather_each(self._welcome.begin_anew(channel) for channel in some)
            del self._restart[-CHUNK:]

    async def _compare_all(self) -> None:
        for users in _chunks(list(self._hub.users), CHUNK):
            behind: dict[str, int] = {}
            for user, head in zip(users, await self._inbox.heads(users), strict=True):
                for channel in self._hub.users.get(user, ()):
                    channel.note(head)
                    if channel.sequence.next > head + 1:
                        behind[user] = max(behind.get(user, 0), channel.sequence.next - 1)
            await gather_each(self._raise_head(user, offset) for user, offset in behind.items())

    async def _raise_head(self, user: str, offset: int) -> None:
        """Keep a store that has lost its latest writes from giving their offsets out again."""
        if await self._inbox.raise_head(user, offset):
            _log.error("the store has lost messages to %r: it went back behind %d", user, offset)

    def _channels(self) -> Iterator[tuple[str, Sequence[Channel]]]:
        return ((user, tuple(channels)) for user, channels in tuple(self._hub.users.items()))


def _chunks(users: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    rest = iter(users)
    while chunk := list(islice(rest, size)):
        yield chunk
