"""A registry led by the hand of a test: it is away until it is let, and it can grow stale.

It keeps the Protocols of `cluster.registry`, as mypy verifies below.
"""

import asyncio
import time
from collections.abc import Callable

from cluster.errors import ServiceUnavailable
from cluster.listeners import Listeners
from cluster.record import NodeRecord
from cluster.registry import Listener, Membership, Registration, Registry
from cluster.snapshot import Snapshot


class HandMembership:
    """A watch that shows what the test says; see `cluster.registry.Membership`."""

    def __init__(self) -> None:
        # As the registry would count them.
        self.bad_records = 0
        self._snapshot = Snapshot()
        self._listeners = Listeners[Snapshot]()

    @property
    def snapshot(self) -> Snapshot:
        """What was last shown."""
        return self._snapshot

    def begin(self, known: Snapshot | None) -> None:
        """Begin with an earlier list, unless something was shown already."""
        if known is not None and self._snapshot.version == 0:
            self._snapshot = known

    def show(self, *records: NodeRecord) -> None:
        """Confirm these records."""
        self._set(self._snapshot.with_records(records, time.monotonic()))

    def lose(self) -> None:
        """Grow stale."""
        self._set(self._snapshot.as_stale())

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` whenever something was shown."""
        return self._listeners.add(listener)

    async def wait_ready(self, timeout: float) -> Snapshot:
        """Return the snapshot."""
        return self._snapshot

    async def close(self) -> None:
        """End the watch."""
        self._listeners.clear()

    def _set(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._listeners.tell(snapshot)


class HandRegistry:
    """A registry that the test leads; see `cluster.registry.Registry`."""

    def __init__(self, *, reachable: bool = True, loads: bool = True) -> None:
        self.membership = HandMembership()
        # Whether its watchers have to follow loads: a balancer needs them, a client must not.
        self._loads = loads
        # How often it was tried to reach this registry.
        self.attempts = 0
        # Whether `close` was called.
        self.closed = False
        self._reachable = asyncio.Event()
        if reachable:
            self._reachable.set()

    def let(self) -> None:
        """Answer from now on."""
        self._reachable.set()

    async def connect(self, timeout: float | None) -> None:
        """Return when `let` has been called."""
        self.attempts += 1
        try:
            async with asyncio.timeout(timeout):
                await self._reachable.wait()
        except TimeoutError as exc:
            raise ServiceUnavailable("ZooKeeper", "the test's hand", "it is closed") from exc

    @property
    def connected(self) -> bool:
        """Whether it answers."""
        return self._reachable.is_set()

    async def register(self, record: NodeRecord) -> Registration:
        """Refuse: a balancer registers nothing."""
        raise AssertionError("a balancer registers nothing")

    async def watch(self, *, loads: bool = False, known: Snapshot | None = None) -> Membership:
        """Return the watch."""
        assert loads is self._loads
        self.membership.begin(known)
        return self.membership

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


_verified: type[Registry] = HandRegistry
_verified_too: type[Membership] = HandMembership
