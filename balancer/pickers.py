"""The pickers of one balancer: one rotation for each policy and zone, shared by all requests.

Pure: it does no I/O; the clocks and randomness are the pickers' own.
"""

from balancer.failures import FailureMemory
from balancer.picker import Picker
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot


class Pickers:
    """Picks by whatever policy and zone a request names, with one failure memory for all."""

    def __init__(self, zone: str, failures: FailureMemory) -> None:
        """Begin without any picker.

        Args:
            zone: the zone to prefer where none is named; empty for none.
            failures: what is known of nodes that fail.
        """
        self._zone = zone
        self._failures = failures
        # (policy, zone) → its picker, made when first asked for.
        self._pickers: dict[tuple[str, str], Picker] = {}

    def candidates(
        self, policy: str, zone: str | None, snapshot: Snapshot, key: str | None, count: int
    ) -> list[NodeRecord]:
        """Return up to `count` nodes to try, the best first; see `Picker.candidates`.

        Args:
            policy: one of `balancer.policy.POLICIES`.
            zone: the zone to prefer; None for the balancer's own.
            snapshot: what to pick from.
            key: what the policy sticks to; None if unknown.
            count: how many nodes at most.
        """
        picker = self._picker(policy, self._known_zone(zone, snapshot))
        return picker.candidates(snapshot, key, count)

    def _known_zone(self, zone: str | None, snapshot: Snapshot) -> str:
        """Return the zone, or none if no node is there: names made up by clients take no memory."""
        if zone is None:
            return self._zone
        return zone if any(record.zone == zone for record in snapshot.records) else ""

    def _picker(self, policy: str, zone: str) -> Picker:
        picker = self._pickers.get((policy, zone))
        if picker is None:
            picker = Picker(policy, zone=zone, failures=self._failures)
            self._pickers[policy, zone] = picker
        return picker
