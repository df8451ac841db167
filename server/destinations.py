"""Destinations: to which node a channel may move, by weight. Pure; it does no I/O."""

from collections.abc import Callable

from balancer.picker import Picker
from balancer.policy import ROUND_ROBIN
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot


class Destinations:
    """The nodes that take what this one gives away: the others that are `up`.

    The balancer's own picker deals them out, so weights are honoured and the own zone comes first,
    as when clients pick for themselves. Draining nodes are never among them, not even in a panic:
    a channel is better off where it is.
    """

    def __init__(self, node_id: str, zone: str, snapshot: Callable[[], Snapshot]) -> None:
        """Begin a rotation.

        Args:
            node_id: this node, which is no destination.
            zone: the zone to prefer; empty for none.
            snapshot: returns the registry as last seen. A stale one is as good as any.
        """
        self._node_id = node_id
        self._snapshot = snapshot
        self._picker = Picker(ROUND_ROBIN, zone=zone)
        # The records last looked at, and the destinations among them.
        self._seen: tuple[NodeRecord, ...] = ()
        self._others = Snapshot()

    def records(self) -> tuple[NodeRecord, ...]:
        """Return every destination there is now."""
        return self._follow().records

    def next(self) -> NodeRecord | None:
        """Return the node whose turn it is; None if there is none."""
        return next(iter(self._picker.candidates(self._follow(), count=1)), None)

    def _follow(self) -> Snapshot:
        records = self._snapshot().records
        if records is not self._seen:
            self._seen = records
            self._others = Snapshot(
                tuple(r for r in records if r.node_id != self._node_id and r.state == "up")
            )
        return self._others
