"""Failure memory: which nodes are better left alone for a while because they just failed.

Pure: it does no I/O, and the clock comes as an argument.

A node that fails is ejected for as many seconds as it has failed times in a row, at most 60. Never
more than half of the nodes are ejected, the worst first: the others could not bear the load of all.
If every node has failed, none is ejected: the fault is more likely to be near than at all of them.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

BASE = 1.0
CAP = 60.0


@dataclass(frozen=True, slots=True)
class _Failures:
    """What is remembered of one node: its failures in a row, and until when it is left alone."""

    in_a_row: int
    until: float


class FailureMemory:
    """The failures of all nodes, as one client or one balancer has met them."""

    def __init__(self, clock: Callable[[], float], *, base: float = BASE, cap: float = CAP) -> None:
        """Remember nothing yet.

        Args:
            clock: returns monotonic seconds.
            base: seconds of ejection for each failure in a row.
            cap: the longest ejection, in seconds.
        """
        self._clock = clock
        self._base = base
        self._cap = cap
        # node_id → its failures; an entry goes with a success, or when its node is gone.
        self._nodes: dict[str, _Failures] = {}

    def failed(self, node_id: str) -> None:
        """Note that a node refused, dropped or did not answer."""
        now = self._clock()
        known = self._nodes.get(node_id)
        # A node that has not failed for long has served others in between: begin at one again.
        in_a_row = 1 if known is None or now - known.until > self._cap else known.in_a_row + 1
        self._nodes[node_id] = _Failures(in_a_row, now + min(self._cap, self._base * in_a_row))

    def succeeded(self, node_id: str) -> None:
        """Note that a node works."""
        self._nodes.pop(node_id, None)

    def retain(self, node_ids: Collection[str]) -> None:
        """Forget every node that is not among these."""
        self._nodes = {node: known for node, known in self._nodes.items() if node in node_ids}

    def ejected(self, node_ids: Collection[str]) -> tuple[str, ...]:
        """Return which of these nodes to leave alone now, the first to come back first."""
        now = self._clock()
        out = [node for node in node_ids if node in self._nodes and self._nodes[node].until > now]
        if len(out) == len(node_ids):
            return ()
        out.sort(key=lambda node: (self._nodes[node].in_a_row, self._nodes[node].until))
        worst = out[max(0, len(out) - len(node_ids) // 2) :]
        return tuple(sorted(worst, key=lambda node: self._nodes[node].until))
