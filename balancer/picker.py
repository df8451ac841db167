"""The picker: policy, zone and failure memory put together into one list of candidates.

Pure: it does no I/O and takes clocks and randomness as arguments. The balancer, the SDK and the
node (to say where a channel should move) each use it on the snapshot that they hold.

The list holds, in this order:

1. the nodes of the own zone, as the policy orders them;
2. the nodes of other zones, as the policy orders them;
3. the ejected ones, the first to come back first: they are tried when all else has failed.

Draining nodes are in it only if nothing else is left (panic).
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from balancer.failures import FailureMemory
from balancer.policy import make_policy
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class _Tiers:
    """A snapshot's records, sorted out once for all the picks from it.

    Attributes:
        near: the nodes of the own zone, or all if there is no own zone.
        far: the others.
        usable: node_id → record of those that take new clients.
        unusable: the node_ids of those that do not.
    """

    near: tuple[NodeRecord, ...]
    far: tuple[NodeRecord, ...]
    usable: dict[str, NodeRecord]
    unusable: frozenset[str]


class Picker:
    """Answers, again and again, the question which node a client should try."""

    def __init__(
        self,
        policy: str,
        *,
        zone: str = "",
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        random: Callable[[], float] = random.random,
        failures: FailureMemory | None = None,
    ) -> None:
        """Make a picker with a rotation and, unless one is given, a failure memory of its own.

        Args:
            policy: one of `balancer.policy.POLICIES`.
            zone: the zone to prefer; empty for none.
            clock: returns monotonic seconds.
            wall_clock: returns the seconds since the epoch.
            random: returns a number from 0 up to, not including, 1.
            failures: a memory to share with other pickers; None for an own one.

        Raises:
            InvalidName: there is no such policy.
        """
        self._zone = zone
        self._failures = FailureMemory(clock) if failures is None else failures
        # Two rotations: were it one, each list would upset the turns in the other tier.
        self._near = make_policy(policy, wall_clock=wall_clock, random=random)
        self._far = make_policy(policy, wall_clock=wall_clock, random=random)
        # The records last picked from, and what they were sorted into.
        self._records: tuple[NodeRecord, ...] = ()
        self._tiers = sort_out((), zone)

    def candidates(
        self, snapshot: Snapshot, key: str | None = None, count: int | None = None
    ) -> list[NodeRecord]:
        """Return nodes to try one after the other, the best first, none twice.

        Args:
            snapshot: the nodes as last seen. A stale one is as good as any.
            key: the user or the client's address, whichever the policy sticks to; None if unknown.
            count: how many at most; None for every node that may be tried.

        Returns:
            Empty only if the snapshot is.
        """
        return list(islice(self._order(snapshot.records, key), count))

    def failed(self, node_id: str) -> None:
        """Note that a node refused, dropped or did not answer."""
        self._failures.failed(node_id)

    def succeeded(self, node_id: str) -> None:
        """Note that a node works."""
        self._failures.succeeded(node_id)

    def _order(self, records: tuple[NodeRecord, ...], key: str | None) -> Iterator[NodeRecord]:
        if records is not self._records:
            self._tiers = sort_out(records, self._zone)
            self._records = records
            self._failures.retain({record.node_id for record in records})
        tiers = self._tiers
        ejected = self._failures.ejected(tiers.usable)
        avoid = tiers.unusable.union(ejected) if ejected else tiers.unusable
        return chain(
            self._near.order(tiers.near, key, avoid),
            self._far.order(tiers.far, key, avoid),
            (tiers.usable[node_id] for node_id in ejected),
        )


def sort_out(records: Sequence[NodeRecord], zone: str) -> _Tiers:
    """Split records by zone and by whether they take new clients.

    If all are draining, all count as usable.
    """
    up = [record for record in records if record.state == "up"] or records
    usable = {record.node_id: record for record in up}
    return _Tiers(
        near=tuple(record for record in records if not zone or record.zone == zone),
        far=tuple(record for record in records if zone and record.zone != zone),
        usable=usable,
        unusable=frozenset(r.node_id for r in records if r.node_id not in usable),
    )
