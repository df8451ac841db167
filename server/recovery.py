"""Recovery: what a node does when a service comes back, another node leaves, or the store is new.

The fast path may lose messages; the inbox has them. Comparing the heads of this node's users with
what their channels have got finds them again.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from cluster.errors import Unavailable
from cluster.snapshot import Snapshot
from server.acknowledgements import Acknowledgements
from server.channel import Channel
from server.directory import Directory
from server.hub import Hub
from server.inbox import Inbox
from server.welcome import Welcome

_log = logging.getLogger(__name__)

# Users whose heads are asked for in one call.
CHUNK = 500

# Seconds between two comparisons: while the fast path is away, and as a safety net otherwise.
POLL = 1.0
SAFETY_NET = 30.0

# Seconds before another attempt while the store is away.
RETRY = 0.2


class Recovery:
    """Sees to it that the node's picture and the store's agree again after anything."""

    def __init__(
        self,
        node_id: str,
        hub: Hub,
        directory: Directory,
        inbox: Inbox,
        acknowledgements: Acknowledgements,
        welcome: Welcome,
    ) -> None:
        self._node_id = node_id
        self._hub = hub
        self._directory = directory
        self._inbox = inbox
        self._acknowledgements = acknowledgements
        self._welcome = welcome
        # Why messages may fail to come by the fast path now, one word a reason.
        self.degraded: set[str] = set()
        # The nodes in the last snapshot that was not stale.
        self._living: frozenset[str] = frozenset()
        # Something has happened: compare heads as soon as possible.
        self._compare = asyncio.Event()
        # The directory may lack this node's channels.
        self._register = False
        # The store may be in another epoch.
        self._check_epoch = False
        # Channels that have to be told that everything begins anew.
        self._restart: list[Channel] = []

    def compare_heads(self) -> None:
        """Find what the fast path has lost: it was away, or a node died with messages in hand."""
        self._compare.set()

    def register_all(self) -> None:
        """Enter this node and its channels anew: the store was away, or they were swept."""
        self._register = True
        self._compare.set()

    def check_epoch(self) -> None:
        """Find out whether the store is still the same: something says that it is not."""
        self._check_epoch = self._register = True
        self._compare.set()

    def set_degraded(self, reason: str, degraded: bool) -> None:
        """Note that the fast path is away for a reason, or back."""
        if degraded == (reason in self.degraded):
            return
        if degraded:
            self.degraded.add(reason)
            _log.warning("%s is away: messages between nodes come by polling", reason)
        else:
            self.degraded.discard(reason)
            _log.info("%s is back", reason)
        self._compare.set()

    def look_at(self, snapshot: Snapshot) -> None:
        """Take a new snapshot of the registry.

        A node that left may have had messages in hand, stored and not yet published. If this node
        itself was gone from the list and is back, others have swept its channels meanwhile.
        """
        self.set_degraded("ZooKeeper", snapshot.stale)
        if snapshot.stale:
            return
        living = snapshot.node_ids()
        if self._node_id in living and self._living and self._node_id not in self._living:
            self.register_all()
        if self._living - living:
            self.compare_heads()
        self._living = living

    async def run(self) -> None:
        """Recover from whatever was noted, until cancelled."""
        while True:
            timeout = POLL if self.degraded else SAFETY_NET
            try:
                await asyncio.wait_for(self._compare.wait(), timeout)
            except TimeoutError:
                pass
            self._compare.clear()
            try:
                await self._recover()
            except Unavailable:
                self._compare.set()
                await asyncio.sleep(RETRY)

    async def _recover(self) -> None:
        started = time.monotonic()
        if self._check_epoch:
            if await self._inbox.open():
                _log.warning("the store is in a new epoch: it was wiped or replaced")
                self._acknowledgements.forget()
                self._restart = [channel for _, every in self._channels() for channel in every]
            self._check_epoch = False
        if self._register:
            await self._directory.register_node()
            await self._directory.add_all(
                (user, channel.id) for user, channels in self._channels() for channel in channels
            )
            self._register = False
            _log.info("entered all channels anew in %.3f s", time.monotonic() - started)
        while self._restart:
            some = self._restart[-CHUNK:]
            await asyncio.gather(*(self._welcome.say_again(channel) for channel in some))
            del self._restart[-CHUNK:]
        for users in _chunks(list(self._hub.users), CHUNK):
            for user, head in zip(users, await self._inbox.heads(users), strict=True):
                for channel in self._hub.users.get(user, ()):
                    channel.note(head)

    def _channels(self) -> Iterator[tuple[str, Sequence[Channel]]]:
        return ((user, tuple(channels)) for user, channels in tuple(self._hub.users.items()))


def _chunks(users: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    rest = iter(users)
    while chunk := list(islice(rest, size)):
        yield chunk
