"""The registry of one process: for a node alone, a demo, and tests. It reaches nothing outside.

Snapshots change at once; listeners are called in the next turn of the event loop, as those of a
registry at the other end of a connection are.
"""

import asyncio
import itertools
import time
from collections.abc import Callable

from cluster.errors import ServiceUnavailable
from cluster.listeners import Listeners
from cluster.members import Member, arrange, records_of, write_member
from cluster.record import NodeRecord
from cluster.registry import Listener
from cluster.snapshot import Snapshot


class MemoryNodes:
    """The entries that all registries of one process share."""

    def __init__(self) -> None:
        # What stands, by sequence number.
        self.entries: dict[int, NodeRecord] = {}
        # Told with the sequence number of every entry that came, changed or went.
        self.changed = Listeners[int]()
        self._numbers = itertools.count()

    def enter(self, record: NodeRecord) -> int:
        """Add an entry and return its number."""
        number = next(self._numbers)
        self.put(number, record)
        return number

    def put(self, number: int, record: NodeRecord) -> None:
        """Set an entry."""
        self.entries[number] = record
        self.changed.tell(number)

    def remove(self, number: int) -> None:
        """Take an entry out."""
        self.entries.pop(number, None)
        self.changed.tell(number)


class MemoryRegistration:
    """A node's own entry; see `cluster.registry.Registration`."""

    def __init__(self, nodes: MemoryNodes, record: NodeRecord) -> None:
        self._nodes = nodes
        self._prefix, _data = write_member(record)
        self._number = nodes.enter(record)
        self._state = record.state

    def update(self, record: NodeRecord) -> None:
        """Replace the record; a new state enters it anew, as `cluster.registration` does.

        Raises:
            InvalidRecord: the record can't be entered.
            ValueError: it is another node's.
        """
        prefix, _data = write_member(record)
        if prefix != self._prefix:
            raise ValueError(f"{record.node_id} is not the node that was registered")
        if self._number not in self._nodes.entries:
            return
        if record.state == self._state:
            self._nodes.put(self._number, record)
            return
        before, self._state = self._number, record.state
        self._number = self._nodes.enter(record)
        self._nodes.remove(before)

    async def remove(self) -> None:
        """Take the entry out."""
        self._nodes.remove(self._number)


class MemoryMembership:
    """A watch over all entries; see `cluster.registry.Membership`."""

    def __init__(
        self,
        nodes: MemoryNodes,
        loads: bool,
        known: Snapshot | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nodes = nodes
        self._loads = loads
        self._clock = clock
        # How many entries held no record: none, since only registrations write here.
        self.bad_records = 0
        self._listeners = Listeners[Snapshot]()
        # What this watch has read, by sequence number; not always what stands now, without loads.
        self._seen = dict(nodes.entries)
        self._snapshot = (known or Snapshot()).with_records(self._records(), clock())
        self._stop = nodes.changed.add(self._follow)

    @property
    def snapshot(self) -> Snapshot:
        """The list as it is known now."""
        return self._snapshot

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every change."""
        return self._listeners.add(listener)

    async def wait_ready(self, timeout: float) -> Snapshot:
        """Return the snapshot; it is confirmed from the beginning."""
        return self._snapshot

    async def close(self) -> None:
        """End the watch."""
        self._stop()
        self._listeners.clear()

    def _follow(self, number: int) -> None:
        if number not in self._nodes.entries:
            self._seen.pop(number, None)
        elif self._loads or number not in self._seen:
            self._seen[number] = self._nodes.entries[number]
        before = self._snapshot
        self._snapshot = before.with_records(self._records(), self._clock())
        if self._snapshot.version != before.version:
            asyncio.get_running_loop().call_soon(self._listeners.tell, self._snapshot)

    def _records(self) -> tuple[NodeRecord, ...]:
        return records_of(arrange(Member(*entry) for entry in self._seen.items()))


class MemoryRegistry:
    """A registry within one process; see `cluster.registry.Registry`."""

    def __init__(self, nodes: MemoryNodes | None = None) -> None:
        self._nodes = MemoryNodes() if nodes is None else nodes
        self._registrations: list[MemoryRegistration] = []
        self._memberships: list[MemoryMembership] = []
        self._connected = False

    async def connect(self, timeout: float | None) -> None:
        """Return at once: there is nothing to wait for."""
        self._connected = True

    @property
    def connected(self) -> bool:
        """Whether `connect` was called, and `close` was not."""
        return self._connected

    async def register(self, record: NodeRecord) -> MemoryRegistration:
        """Enter a node.

        Raises:
            InvalidRecord: its node_id is no uuid, or the record is too large.
        """
        self._check_connected()
        registration = MemoryRegistration(self._nodes, record)
        self._registrations.append(registration)
        return registration

    async def watch(
        self, *, loads: bool = False, known: Snapshot | None = None
    ) -> MemoryMembership:
        """Watch the entries; they are confirmed from the beginning, whatever was known."""
        self._check_connected()
        membership = MemoryMembership(self._nodes, loads, known)
        self._memberships.append(membership)
        return membership

    async def close(self) -> None:
        """End every watch and remove every own entry."""
        self._connected = False
        for membership in self._memberships:
            await membership.close()
        for registration in self._registrations:
            await registration.remove()

    def _check_connected(self) -> None:
        if not self._connected:
            raise ServiceUnavailable("memory registry", "this process", "connect() it first")
