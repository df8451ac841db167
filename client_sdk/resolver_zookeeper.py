"""The resolver for addresses like `zk://HOSTS/chroot`: watches the living nodes itself.

It watches which nodes there are, not their loads: thousands of watchers of every load would cost
the ensemble more than the balance is worth. With a cache, the list of an earlier run stands in
until ZooKeeper answers.
"""

import logging
from contextlib import suppress

from balancer.picker import Picker
from client_sdk.faults import Unreachable
from client_sdk.resolver import FIRST_TRY, Candidate, as_candidates
from cluster.errors import Unavailable
from cluster.record import NodeRecord
from cluster.registry import Membership, Registry
from cluster.snapshot import Snapshot
from cluster.snapshot_cache import SnapshotCache

log = logging.getLogger(__name__)


class ZookeeperResolver:
    """Picks from the snapshot of a registry. The last snapshot outlives the registry."""

    def __init__(
        self,
        registry: Registry,
        picker: Picker,
        key: str | None,
        cache: SnapshotCache | None = None,
    ) -> None:
        """Use a registry, which is connected when the first candidates are asked for.

        Args:
            registry: owned by the resolver from now on.
            picker: orders the nodes, and remembers failures.
            key: what a sticky policy sticks to.
            cache: keeps the snapshot for the next start, owned likewise; None for nobody.
        """
        self._registry = registry
        self._picker = picker
        self._key = key
        self._cache = cache
        # The watch; None before there is a registry that answers, or an earlier list.
        self._membership: Membership | None = None
        # Whether there has been a confirmed snapshot.
        self._ready = False

    async def candidates(self, timeout: float) -> list[Candidate]:
        """Return the living nodes; see `Resolver.candidates`."""
        try:
            snapshot = (await self._watch(timeout)).snapshot
        except Unavailable as exc:
            raise Unreachable(str(exc)) from exc
        records = self._picker.candidates(snapshot, self._key)
        if not records:
            raise Unreachable("ZooKeeper answers, but no node is registered: start one")
        return as_candidates(records)

    async def _watch(self, timeout: float) -> Membership:
        """Return the watch when it shows a list, be it an earlier one."""
        if self._membership is None:
            self._membership = await self._begin(timeout)
        if not self._ready and not self._membership.snapshot.records:
            await self._membership.wait_ready(timeout)
            self._ready = True
        return self._membership

    async def _begin(self, timeout: float) -> Membership:
        cache = self._cache
        if cache is None or (known := await cache.load()) is None:
            await self._registry.connect(timeout)
            membership = await self._registry.watch()
        else:
            membership = await self._begin_with(known, min(timeout, FIRST_TRY))
        if cache is not None:
            cache.start(lambda: membership.snapshot)
            membership.subscribe(lambda _snapshot: cache.changed())
        return membership

    async def _begin_with(self, known: Snapshot, timeout: float) -> Membership:
        """Give the registry a moment to show its own list, then go on with the known one.

        The watch takes over as soon as the registry answers.
        """
        try:
            await self._registry.connect(timeout)
        except Unavailable as exc:
            log.warning("%s; beginning with the %d nodes known earlier", exc, len(known.records))
            return await self._registry.watch(known=known)
        membership = await self._registry.watch(known=known)
        with suppress(Unavailable):
            await membership.wait_ready(timeout)
        return membership

    def failed(self, url: str) -> None:
        """Learn that a node failed."""
        if (record := self._find(url)) is not None:
            self._picker.failed(record.node_id)

    def succeeded(self, url: str) -> None:
        """Learn that a node works."""
        if (record := self._find(url)) is not None:
            self._picker.succeeded(record.node_id)

    def _find(self, url: str) -> NodeRecord | None:
        if self._membership is None:
            return None
        records = self._membership.snapshot.records
        return next((record for record in records if record.url == url), None)

    async def close(self) -> None:
        """End the watch and the session."""
        if self._cache is not None:
            await self._cache.close()
        await self._registry.close()
