"""The feed: the balancer's view of the registry, from the first attempt to reach it on.

It picks nothing and answers nothing. Whatever the registry does, `snapshot` is the last known list;
with a cache, from the first moment on.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable

from cluster.backoff import equal_jitter
from cluster.errors import ServiceUnavailable
from cluster.listeners import Listeners
from cluster.registry import Listener, Membership, Registry
from cluster.snapshot import Snapshot
from cluster.snapshot_cache import SnapshotCache

CURE = "start it with 'scripts/services up zookeeper', or name another with --zk"

# Seconds until the first complaint about a registry that does not answer, and between any two.
_PATIENCE = 3.0
_SILENCE = 60.0

_log = logging.getLogger(__name__)


class Feed:
    """Follows one registry."""

    def __init__(
        self,
        registry: Registry,
        *,
        wait: float | None,
        cache: SnapshotCache | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold an empty, stale snapshot until the registry shows another one.

        Args:
            registry: not yet connected; the caller closes it.
            wait: how many seconds to try to reach it; None for ever.
            cache: keeps the snapshot for the next start; None for nobody.
            clock: returns monotonic seconds.
        """
        self._registry = registry
        self._wait = wait
        self._cache = cache
        self._clock = clock
        # The list of an earlier run, set by `load`.
        self._known = Snapshot()
        # None until the registry has been reached.
        self._membership: Membership | None = None
        # Set, and replaced by another one, at each change of the snapshot.
        self._changed = asyncio.Event()
        # Whether the snapshot was stale when it last changed.
        self._was_stale = True
        # Who is told of every change of list or staleness.
        self._listeners = Listeners[Snapshot]()
        # Set at the end, when nobody shall wait for a change any longer.
        self._ended = False

    @property
    def snapshot(self) -> Snapshot:
        """The nodes as last known."""
        return self._known if self._membership is None else self._membership.snapshot

    @property
    def bad_records(self) -> int:
        """How many entries were passed over because they held no record."""
        return getattr(self._membership, "bad_records", 0)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every change of list or staleness; see `Membership.subscribe`."""
        return self._listeners.add(listener)

    async def load(self) -> None:
        """Take over the list in the cache, if there is one."""
        known = None if self._cache is None else await self._cache.load()
        if known is not None:
            self._known = known

    async def join(self) -> None:
        """Reach the registry and begin to watch it; return when the watch stands.

        Raises:
            ServiceUnavailable: it was not reached within `wait` seconds, and there is no list of
                an earlier run to serve meanwhile.
        """
        await self._connect()
        known = self._known if self._known.records else None
        self._membership = await self._registry.watch(loads=True, known=known)
        self._membership.subscribe(self._follow)
        self._follow(self._membership.snapshot)
        if self._cache is not None:
            self._cache.start(lambda: self.snapshot)

    async def another(self, version: int, timeout: float) -> Snapshot:
        """Return the snapshot as soon as its version is another one, or after the timeout.

        Args:
            version: the version that is known already.
            timeout: for how many seconds to wait at most.
        """
        try:
            async with asyncio.timeout(timeout):
                while self.snapshot.version == version and not self._ended:
                    await self._changed.wait()
        except TimeoutError:
            pass  # then the answer is that there is nothing new
        return self.snapshot

    def end(self) -> None:
        """Let all who wait for another version go."""
        self._ended = True
        self._wake()

    async def close(self) -> None:
        """Write to the cache what is not written yet."""
        if self._cache is not None:
            await self._cache.close()

    async def _connect(self) -> None:
        wait = None if self._known.records else self._wait
        deadline = math.inf if wait is None else self._clock() + wait
        pauses = equal_jitter(0.1, 2.0)
        silent_until = -math.inf
        while True:
            left = max(0.0, deadline - self._clock())
            try:
                return await self._registry.connect(min(_PATIENCE, left))
            except ServiceUnavailable as exc:
                if self._clock() >= deadline:
                    raise
                if self._clock() >= silent_until:
                    _log.warning("%s; %s; still trying", exc, CURE)
                    silent_until = self._clock() + _SILENCE
            await asyncio.sleep(min(left, next(pauses)))

    def _follow(self, snapshot: Snapshot) -> None:
        self._tell_staleness(snapshot)
        self._wake()
        self._listeners.tell(snapshot)
        if self._cache is not None:
            self._cache.changed()

    def _tell_staleness(self, snapshot: Snapshot) -> None:
        if snapshot.stale == self._was_stale:
            return
        self._was_stale = snapshot.stale
        count = len(snapshot.records)
        if snapshot.stale:
            _log.warning("the registry cannot confirm the list: going on with %d nodes", count)
        else:
            _log.info("the registry confirms the list: %d nodes", count)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
