"""A watch over the znodes of all nodes, as snapshots. It writes nothing.

Each run of `_refresh` lists the children, reads those that are new (and, with loads, those that
have changed), and shows the result. It runs when a watch fires, when the session is connected
again, and every half a minute as a safety net: so no event is needed for the list to be right in
the end, and none that is lost can break it.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from cluster.backoff import equal_jitter
from cluster.departures import Departures
from cluster.errors import InvalidRecord, ServiceUnavailable
from cluster.keeper import Keeper
from cluster.listeners import Listeners
from cluster.members import Member, arrange, read_member, records_of
from cluster.probe import is_gone
from cluster.record import parse_znode_name
from cluster.registry import Listener
from cluster.snapshot import Snapshot
from cluster.zookeeper import SessionState, Zookeeper

Probe = Callable[[str, int], Awaitable[bool]]

_RELIST_EVERY = 30.0
# Seconds until a node is asked again that left the registry and still answers.
_ASK_FIRST = 1.0
_ASK_MOST = 15.0
_PROBES = 64
# Seconds for which the list of an earlier watch says who should be here. After longer, others may
# have got the addresses of those who left: they would answer, and be held for ever.
_REMEMBER = 3600.0

_log = logging.getLogger(__name__)


class ZookeeperMembership:
    """A watch over all entries; see `cluster.registry.Membership`.

    Args:
        zookeeper: the session to watch through.
        parent: path of the znode under which nodes register.
        loads: whether to follow changes within records.
        window: seconds within which departures count as one event; the session timeout.
        known: the last snapshot of an earlier watch, to begin with; None for none.
        probe: tells whether nothing listens at a host and port.
    """

    def __init__(
        self,
        zookeeper: Zookeeper,
        parent: str,
        *,
        loads: bool,
        window: float,
        known: Snapshot | None = None,
        probe: Probe = is_gone,
    ) -> None:
        self._zookeeper = zookeeper
        self._parent = parent
        self._loads = loads
        self._window = window
        self._probe = probe
        # How many znodes with a node's name held no record; grows only.
        self.bad_records = 0
        self._snapshot = Snapshot() if known is None else known.as_stale()
        self._listeners = Listeners[Snapshot]()
        # Set when the registry has confirmed a list for the first time.
        self._ready = asyncio.Event()
        # Why the registry was not read the last time; empty if it was, or was not tried.
        self._trouble = ""
        # What has been read, by znode name; None for one that holds no record.
        self._read: dict[str, Member | None] = {}
        # Names in `_read` that may have changed since.
        self._dirty: set[str] = set()
        self._departures = Departures(window, _remembered(self._snapshot))
        # Until when the registry is not trusted to know who has left; set on reconnection.
        self._doubt_until = 0.0 if known is None else time.monotonic() + window
        self._pauses = equal_jitter(_ASK_FIRST, _ASK_MOST)
        self._keeper = Keeper(f"watch over {parent}", self._refresh)
        self._forget_state = zookeeper.states.add(self._follow)
        self._keeper.start()

    @property
    def snapshot(self) -> Snapshot:
        """The list as it is known now."""
        return self._snapshot

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every change of list or staleness."""
        return self._listeners.add(listener)

    async def wait_ready(self, timeout: float) -> Snapshot:
        """Return the first snapshot that the registry has confirmed."""
        try:
            async with asyncio.timeout(timeout):
                await self._ready.wait()
        except TimeoutError as exc:
            told = f": {self._trouble}" if self._trouble else ""
            reason = f"no list of nodes within {timeout:g} s{told}"
            raise self._zookeeper.unavailable(reason) from exc
        return self._snapshot

    async def close(self) -> None:
        """End the watch; the last snapshot stays readable."""
        self._forget_state()
        self._listeners.clear()
        await self._keeper.stop()

    def _follow(self, state: SessionState) -> None:
        """Take over a change of the session's state; no connection means no confirmation."""
        if state is not SessionState.CONNECTED:
            self._show(self._snapshot.as_stale())
            return
        # The watches went with the connection.
        self._dirty.update(self._read if self._loads else ())
        if self._snapshot.confirmed is not None:
            self._doubt_until = time.monotonic() + self._window
        self._keeper.wake()

    def _children_changed(self, _path: str) -> None:
        self._keeper.wake()

    def _record_changed(self, path: str) -> None:
        self._dirty.add(path.rpartition("/")[2])
        self._keeper.wake()

    async def _refresh(self) -> float:
        """Make the snapshot what the registry shows; return the seconds until the next time."""
        listed = await self._list()
        if self._departures.doubted:
            # Asking can take a second, in which the old list is the best there is.
            if not self._snapshot.stale:
                _log.warning("%s: too many left at once, asking them", self._parent)
            self._show(self._snapshot.as_doubted())
            await self._ask_doubted()
            listed = await self._list()
        self._publish(listed)
        if self._departures.doubted:
            return next(self._pauses)
        self._pauses = equal_jitter(_ASK_FIRST, _ASK_MOST)
        return _RELIST_EVERY * random.uniform(0.8, 1.2)

    async def _list(self) -> tuple[Member, ...]:
        """Return those who are entered now."""
        names = [name for name in await self._names() if parse_znode_name(name)]
        self._read = {name: self._read[name] for name in names if name in self._read}
        self._dirty.intersection_update(names)
        await self._read_all(name for name in names if name not in self._read)
        await self._read_all(self._dirty.copy())
        listed = arrange(member for member in self._read.values() if member)
        now = time.monotonic()
        self._departures.note(listed, now, trusted=now > self._doubt_until)
        return listed

    async def _names(self) -> list[str]:
        """Return the names of all that stands under the parent; be woken when that changes.

        A parent that is missing is waited for: the first node makes it.
        """
        try:
            names = await self._zookeeper.get_children(self._parent, self._children_changed)
            while names is None:
                if await self._zookeeper.owner(self._parent, self._children_changed) is None:
                    names = []
                else:
                    names = await self._zookeeper.get_children(self._parent, self._children_changed)
        except ServiceUnavailable as exc:
            self._trouble = exc.reason
            raise
        self._trouble = ""
        return names

    async def _read_all(self, names: Iterable[str]) -> None:
        """Read these znodes, all at once: one after the other they cost a round trip each."""
        done = await asyncio.gather(*map(self._read_one, names), return_exceptions=True)
        for failure in done:
            if failure is not None:
                raise failure

    async def _read_one(self, name: str) -> None:
        path = f"{self._parent}/{name}"
        # Before reading, since the event of the next change can overtake this reply.
        self._dirty.discard(name)
        try:
            data = await self._zookeeper.get(path, self._record_changed if self._loads else None)
        except BaseException:
            if name in self._read:
                self._dirty.add(name)
            raise
        if data is None:
            return  # it is gone again, which the watch over the children will tell
        try:
            self._read[name] = read_member(name, data)
        except InvalidRecord as exc:
            if self._read.get(name, exc) is not None:
                self.bad_records += 1
                _log.warning("ignoring a znode: %s", exc)
            self._read[name] = None

    async def _ask_doubted(self) -> None:
        """Connect to those who left and may live; believe of those who do not answer."""
        doubted = self._departures.doubted
        slots = asyncio.Semaphore(_PROBES)

        async def ask(member: Member) -> bool:
            async with slots:
                return await self._probe(member.record.host, member.record.port)

        gone = await asyncio.gather(*map(ask, doubted))
        self._departures.confirm(
            member.record.node_id for member, is_so in zip(doubted, gone, strict=True) if is_so
        )

    def _publish(self, listed: tuple[Member, ...]) -> None:
        """Show those who are listed, and those of whose departure there is doubt."""
        doubted = self._departures.doubted
        records = records_of(arrange((*listed, *doubted)))
        before = self._snapshot
        answers = self._zookeeper.state is SessionState.CONNECTED
        if doubted or not answers:
            version = before.version + (records != before.records)
            held = replace(before, records=records, version=version, stale=True, complete=answers)
            self._show(held)
        else:
            self._show(before.with_records(records, time.monotonic()))
            self._ready.set()

    def _show(self, snapshot: Snapshot) -> None:
        before, self._snapshot = self._snapshot, snapshot
        if replace(snapshot, confirmed=before.confirmed) != before:
            self._listeners.tell(snapshot)


def _remembered(known: Snapshot) -> tuple[Member, ...]:
    """Return who was entered when an earlier watch ended, numbered anew in the same order."""
    age = known.age(time.monotonic())
    if age is None or age > _REMEMBER:
        return ()
    return tuple(Member(number, record) for number, record in enumerate(known.records))
