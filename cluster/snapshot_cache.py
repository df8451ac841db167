"""The last snapshot, kept in a file for the next start. It picks nothing and asks no registry.

Files are read and written on a thread, never in the event loop. Nothing that is wrong with the file
is an error to the caller: it means a line in the log, and a start or an end without a cache.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from cluster.errors import InvalidCache
from cluster.keeper import Keeper
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot
from cluster.snapshot_codec import MAX_CACHE_BYTES, SavedNodes, decode_nodes, encode_nodes
from cluster.snapshot_file import read_file, write_file

# Seconds between two writes, if the list has changed.
_REST = 1.0
# Seconds after which a list that is the same is written again, for the time of its confirmation.
_REFRESH = 60.0

_log = logging.getLogger(__name__)


class SnapshotCache:
    """One file for the snapshots of one watcher."""

    def __init__(
        self,
        path: Path,
        source: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        rest: float = _REST,
    ) -> None:
        """Keep nothing yet: `load`, then `start`.

        Args:
            path: of the file.
            source: what tells this registry's list from those of others.
            clock: returns monotonic seconds, as `Snapshot.confirmed` counts them.
            wall_clock: returns the seconds since the epoch.
            rest: seconds between two writes.
        """
        self.path = path
        self._source = source
        self._clock = clock
        self._wall_clock = wall_clock
        # Returns the snapshot to keep; set by `start`.
        self._current: Callable[[], Snapshot] = Snapshot
        # What the file holds, as far as this object knows: the snapshot last loaded or written.
        self._kept = Snapshot()
        # Whether the last write failed; the first failure of a row is worth a warning.
        self._failing = False
        # The write under way; None before the first.
        self._writing: asyncio.Task[None] | None = None
        self._keeper = Keeper(f"cache {path}", self._keep, rest=rest)

    async def load(self) -> Snapshot | None:
        """Return the list in the file, as a snapshot that is stale; None if there is no usable one.

        Its version is the time in ms, so that versions grow from one run to the next.
        """
        try:
            saved = await asyncio.to_thread(self._read)
        except (OSError, InvalidCache) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else exc
            _log.warning("cannot use the cache %s: %s; going on without it", self.path, reason)
            return None
        if saved is None:
            _log.debug("there is no cache at %s yet", self.path)
            return None
        now = self._wall_clock()
        # A time in the future means that this machine's clock was set back since.
        age = max(0.0, now - saved.confirmed)
        count = len(saved.nodes)
        _log.info("the cache %s holds %d nodes, confirmed %.0f s ago", self.path, count, age)
        self._kept = Snapshot(saved.nodes, int(now * 1000), confirmed=self._clock() - age)
        return self._kept

    def start(self, current: Callable[[], Snapshot]) -> None:
        """Write the snapshot that `current` returns whenever it is newer, from now on."""
        self._current = current
        self._keeper.start()

    def changed(self) -> None:
        """Look at the current snapshot again soon."""
        self._keeper.wake()

    async def close(self) -> None:
        """Write what is not written yet, and stop; safe to call twice, and without `start`."""
        await self._keeper.stop()
        if self._writing is not None:
            await asyncio.wait([self._writing])
        await self._write_if_newer(after=0.0)

    async def _keep(self) -> float:
        await self._write_if_newer(after=_REFRESH)
        return _REFRESH

    async def _write_if_newer(self, after: float) -> None:
        """Write the current snapshot if it was confirmed later than the one in the file.

        A list that is empty, or has not been confirmed since, is no reason to give up a good one.

        Args:
            after: by how many seconds later, if the list is the same.
        """
        snapshot, kept = self._current(), self._kept
        if not snapshot.records or snapshot.confirmed is None:
            return
        later = math.inf if kept.confirmed is None else snapshot.confirmed - kept.confirmed
        if later <= 0 or (later <= after and _are_same(snapshot.records, kept.records)):
            return
        # Shielded: a thread cannot be ended, and two that write must not overtake each other.
        self._writing = asyncio.create_task(self._write(snapshot, snapshot.confirmed))
        await asyncio.shield(self._writing)

    async def _write(self, snapshot: Snapshot, confirmed: float) -> None:
        since = self._clock() - confirmed
        nodes = SavedNodes(
            source=self._source, confirmed=self._wall_clock() - since, nodes=snapshot.records
        )
        try:
            await asyncio.to_thread(write_file, self.path, encode_nodes(nodes))
        except OSError as exc:
            level = logging.DEBUG if self._failing else logging.WARNING
            _log.log(level, "cannot write the cache %s: %s", self.path, exc.strerror)
            self._failing = True
        else:
            self._failing = False
            self._kept = snapshot

    def _read(self) -> SavedNodes | None:
        data = read_file(self.path, MAX_CACHE_BYTES)
        return None if data is None else decode_nodes(data, self._source)


def _are_same(some: Sequence[NodeRecord], others: Sequence[NodeRecord]) -> bool:
    """Tell whether two lists differ in nothing but loads, which change all the time."""
    return some == others or _without_loads(some) == _without_loads(others)


def _without_loads(records: Sequence[NodeRecord]) -> list[NodeRecord]:
    return [msgspec.structs.replace(record, load=0) for record in records]
