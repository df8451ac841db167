"""The prober: notes which nodes refuse connections before the registry notices that they are gone.

A node that was killed stays registered until its session times out, six seconds by default. One TCP
connect each now and then shortens that. It picks nothing and takes nobody out of the list: what it
finds goes into the failure memory, which never ejects more than half of the nodes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from balancer.failures import BASE, FailureMemory
from cluster.keeper import Keeper
from cluster.probe import is_gone
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot

Probe = Callable[[str, int], Awaitable[bool]]

# How many nodes are probed at once, and how many a second: a thousand take ten seconds.
_AT_ONCE = 64
_PER_SECOND = 100


def probed_failures(every: float) -> FailureMemory:
    """Return a memory for what is found every so many seconds.

    An ejection has to outlast the time until the next probe, else a dead node is picked between.
    """
    return FailureMemory(time.monotonic, base=max(BASE, 2 * every))


class Prober:
    """Probes the nodes of the snapshot, round after round."""

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        failures: FailureMemory,
        *,
        every: float,
        probe: Probe = is_gone,
        noted: Callable[[], None] = lambda: None,
    ) -> None:
        """Make a prober that does not run yet.

        Args:
            snapshot: returns the nodes as last known.
            failures: where to note what was found; see `probed_failures`.
            every: seconds between two rounds; more if there are very many nodes.
            probe: tells whether nothing listens at a host and port.
            noted: called after each round, when all that it found has been noted.
        """
        self._snapshot = snapshot
        self._failures = failures
        self._every = every
        self._probe = probe
        self._noted = noted
        self._keeper = Keeper("probing the nodes", self.round)

    def start(self) -> None:
        """Probe from now on."""
        self._keeper.start()

    async def stop(self) -> None:
        """Probe no more; safe to call twice."""
        await self._keeper.stop()

    async def round(self) -> float:
        """Probe every node once; return the seconds until the next round.

        The outcomes are noted together at the end: were they noted one by one, a fault at this
        end would look for a moment like one of the nodes that were probed first.
        """
        records = self._snapshot().records
        slots = asyncio.Semaphore(_AT_ONCE)

        async def ask(record: NodeRecord) -> bool:
            async with slots:
                return await self._probe(record.host, record.port)

        gone = await asyncio.gather(*map(ask, records))
        for record, is_so in zip(records, gone, strict=True):
            note = self._failures.failed if is_so else self._failures.succeeded
            note(record.node_id)
        self._noted()
        return max(self._every, len(records) / _PER_SECOND)
