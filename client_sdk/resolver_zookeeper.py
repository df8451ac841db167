"""The resolver for addresses like `zk://HOSTS/chroot`: watches the living nodes itself.

It watches which nodes there are, not their loads: thousands of watchers of every load would cost
the ensemble more than the balance is worth.
"""

from balancer.picker import Picker
from client_sdk.faults import Unreachable
from client_sdk.resolver import Candidate
from cluster.errors import Unavailable
from cluster.record import NodeRecord
from cluster.registry import Membership, Registry


class ZookeeperResolver:
    """Picks from the snapshot of a registry. The last snapshot outlives the registry."""

    def __init__(self, registry: Registry, picker: Picker, key: str | None) -> None:
        """Use a registry, which is connected when the first candidates are asked for.

        Args:
            registry: owned by the resolver from now on.
            picker: orders the nodes, and remembers failures.
            key: what a sticky policy sticks to.
        """
        self._registry = registry
        self._picker = picker
        self._key = key
        # The watch; None before the registry has answered once.
        self._membership: Membership | None = None
        # Whether there has been a confirmed snapshot.
        self._ready = False

    async def candidates(self, timeout: float) -> list[Candidate]:
        """Return the living nodes; see `Resolver.candidates`."""
        records = self._picker.candidates((await self._watch(timeout)).snapshot, self._key)
        if not records:
            raise Unreachable("ZooKeeper answers, but no node is registered: start one")
        return [Candidate(record.url, record.node_id) for record in records]

    async def _watch(self, timeout: float) -> Membership:
        try:
            if self._membership is None:
                await self._registry.connect(timeout)
                self._membership = await self._registry.watch()
            if not self._ready:
                await self._membership.wait_ready(timeout)
                self._ready = True
        except Unavailable as exc:
            raise Unreachable(str(exc)) from exc
        return self._membership

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
        await self._registry.close()
