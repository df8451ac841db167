"""The sweep: what dead incarnations left in the directory goes, so that nobody is a ghost."""

import asyncio
import logging
from functools import partial

from cluster.errors import Unavailable
from cluster.snapshot import Snapshot
from server.directory import Directory
from server.stats import Stats
from server.tasks import gather_each, wait_for_event

_log = logging.getLogger(__name__)

# Seconds between two rounds if nothing happens: another node may have died halfway in its own.
INTERVAL = 30.0

# Seconds between the first and the second look at an incarnation that seems dead.
SECOND_LOOK = 0.5

# Seconds before another attempt while the store is away.
RETRY = 1.0


class Sweep:
    """Removes the channels of incarnations that are in the directory and not in the registry.

    Every node sweeps; there is no leader to lose. Sweeping compares before it deletes, so two at
    once do no harm.
    """

    def __init__(self, node_id: str, directory: Directory, stats: Stats) -> None:
        self._node_id = node_id
        self._directory = directory
        self._stats = stats
        # The registry's last word on who lives; None while it does not answer: then
        # nobody is dead.
        self._living: frozenset[str] | None = None
        self._wake = asyncio.Event()

    def look_at(self, snapshot: Snapshot) -> None:
        """Take a new snapshot: who is not in it is dead, if it is complete."""
        living = snapshot.node_ids() if snapshot.complete else None
        if living != self._living:  # else it is a load that has changed
            self._living = living
            self._wake.set()

    async def run(self) -> None:
        """Sweep after every change of the registry, and now and then, until cancelled."""
        while True:
            await wait_for_event(self._wake, INTERVAL)
            self._wake.clear()
            try:
                await self._sweep()
            except Unavailable:
                self._wake.set()
                await asyncio.sleep(RETRY)

    async def _sweep(self) -> None:
        suspects = self._dead(await self._directory.incarnations())
        if not suspects:
            return
        # A node that has just registered may be known to the directory before our watch has
        # told us of it; a moment later only the dead are still missing.
        await asyncio.sleep(SECOND_LOOK)
        for node_id in sorted(self._dead(suspects)):
            # One after the other, and each for itself: one that cannot be swept keeps no other.
            await gather_each([self._sweep_one(node_id)])

    async def _sweep_one(self, node_id: str) -> None:
        count = await self._directory.sweep(node_id, partial(self._is_dead, node_id))
        self._stats.swept += 1
        _log.info("swept %d channels of the dead node %s", count, node_id)

    def _is_dead(self, node_id: str) -> bool:
        return bool(self._dead(frozenset((node_id,))))

    def _dead(self, incarnations: frozenset[str]) -> frozenset[str]:
        if self._living is None:
            return frozenset()
        return incarnations - self._living - {self._node_id}
