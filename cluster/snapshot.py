"""The snapshot: the list of records that a watcher of the registry holds at one moment."""

from dataclasses import dataclass, replace

from cluster.record import NodeRecord


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The living nodes as last seen; immutable, so that it can be handed to anyone.

    Attributes:
        records: one for each node, in the order in which they registered.
        version: grows by one with every change that this watcher has seen; 0 before the first.
        confirmed: monotonic time at which the registry last confirmed the list, in seconds;
            None before the first time.
        stale: True while the registry cannot confirm the list. It is the best there is: go on
            using it, but delete nothing on its word.
        complete: True if the registry answers, so that whoever is not in the list has left. With
            `stale` it means that some who are in the list may have left too.
    """

    records: tuple[NodeRecord, ...] = ()
    version: int = 0
    confirmed: float | None = None
    stale: bool = True
    complete: bool = False

    def age(self, now: float) -> float | None:
        """Return the seconds since the last confirmation; None if there never was one."""
        return None if self.confirmed is None else max(0.0, now - self.confirmed)

    def node_ids(self) -> frozenset[str]:
        """Return the incarnations in the list."""
        return frozenset(record.node_id for record in self.records)

    def find(self, node_id: str) -> NodeRecord | None:
        """Return a node's record; None if it is not in the list."""
        return next((record for record in self.records if record.node_id == node_id), None)

    def with_records(self, records: tuple[NodeRecord, ...], now: float) -> "Snapshot":
        """Return the snapshot after the registry has shown this list."""
        changed = self.version == 0 or records != self.records
        return Snapshot(records, self.version + changed, now, stale=False, complete=True)

    def as_stale(self) -> "Snapshot":
        """Return the same list, marked as no longer confirmed: the registry does not answer."""
        held = self.stale and not self.complete
        return self if held else replace(self, stale=True, complete=False)

    def as_doubted(self) -> "Snapshot":
        """Return the same list, marked as holding nodes that may have left."""
        return replace(self, stale=True)
