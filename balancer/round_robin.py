"""Policy `round_robin`: everyone in turn, the heavier more often, nobody twice in a row for long.

Pure: it does no I/O, and randomness comes as an argument.

This is nginx's smooth weighted round-robin. Each pick credits every node with its weight and
charges the one with the most credit the sum of all weights. Starting from no credit, every sum of
weights picks give each node exactly its weight, as far apart as can be: weights 5, 1, 1 give
a a b a c a a.

nginx starts at the heaviest node. A thousand clients that each pick once would then all take that
one, so here lots decide wherever no node has credit yet, and among equals.
"""

from collections.abc import Callable, Iterator, Sequence

from balancer.lot import draw_lot
from cluster.record import NodeRecord


class RoundRobin:
    """One rotation over the nodes; a pick advances it."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        # node_id → weight, as of the records last seen.
        self._weights: dict[str, int] = {}
        # node_id → what it is owed, in units of weight; the sum over all nodes stays the same.
        self._credit: dict[str, int] = {}
        # node_id → its lot, drawn when it was first seen.
        self._lots: dict[str, float] = {}

    def order(
        self, records: Sequence[NodeRecord], key: str | None, avoid: frozenset[str]
    ) -> Iterator[NodeRecord]:
        """Yield the node whose turn it is, then the others in the order of their turns.

        Args:
            records: every node that takes part in the rotation.
            key: not used.
            avoid: nodes that are passed over; they neither gain nor lose credit.
        """
        self._follow(records)
        usable = [record for record in records if record.node_id not in avoid]
        if not usable:
            return
        rank = self._rank if self._advance(usable) else self._first_rank
        first = min(usable, key=rank)
        rest = sorted((record for record in usable if record is not first), key=rank)
        self._credit[first.node_id] -= sum(record.weight for record in usable)
        yield first
        yield from rest

    def _advance(self, usable: Sequence[NodeRecord]) -> bool:
        """Credit every node with its weight; return whether any had credit or debt before."""
        under_way = any(self._credit[record.node_id] for record in usable)
        for record in usable:
            self._credit[record.node_id] += record.weight
        return under_way

    def _rank(self, record: NodeRecord) -> tuple[int, float]:
        return -self._credit[record.node_id], self._lots[record.node_id]

    def _first_rank(self, record: NodeRecord) -> tuple[int, float]:
        return 0, self._lots[record.node_id]

    def _follow(self, records: Sequence[NodeRecord]) -> None:
        """Take over a changed list: who stays keeps its turn, who is new begins in the middle."""
        weights = {record.node_id: record.weight for record in records}
        if weights == self._weights:
            return
        kept = [credit for node_id, credit in self._credit.items() if node_id in weights]
        middle = sum(kept) // len(kept) if kept else 0
        # No node is ever owed more than one whole round. A credit from heavier days would be.
        most = sum(weights.values())
        self._credit = {
            node_id: max(-most, min(most, self._credit.get(node_id, middle) - middle))
            for node_id in weights
        }
        self._lots = {
            node_id: self._lots[node_id]
            if node_id in self._lots
            else draw_lot(weight, self._random())
            for node_id, weight in weights.items()
        }
        self._weights = weights
