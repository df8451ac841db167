"""Policy `least_loaded`: of two nodes drawn by weight, the one with less load for its weight.

Pure: it does no I/O; time and randomness come as arguments.

The loads in the records are seconds old. Always taking the least loaded of all would send
everyone to the same node until its record changes (measured: 5.0 times the mean over 50 nodes,
and all of the next 400 clients to a node that has just joined). The better of two drawn at random
stays at 1.09 times the mean, and an empty newcomer among N gets at most 2/N of the picks.

Slow start: during its first 30 s a node's weight grows from a tenth to the whole.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from balancer.lot import draw_lot
from cluster.record import NodeRecord

SLOW_START = 30.0
_LEAST_SHARE = 0.1


class LeastLoaded:
    """Picks by the load that the nodes' records tell."""

    def __init__(self, wall_clock: Callable[[], float], random: Callable[[], float]) -> None:
        self._wall_clock = wall_clock
        self._random = random

    def order(
        self, records: Sequence[NodeRecord], key: str | None, avoid: frozenset[str]
    ) -> Iterator[NodeRecord]:
        """Yield the better of the two drawn, the other one, then the rest by lot.

        Args:
            records: every node.
            key: not used.
            avoid: nodes that take no part.
        """
        usable = [record for record in records if record.node_id not in avoid]
        if not usable:
            return
        now = self._wall_clock()
        weights = [record.weight * ramp(now - record.started) for record in usable]
        loads = [record.load / weight for record, weight in zip(usable, weights, strict=True)]
        # The first drawn wins a tie: so among equal loads the weights alone decide, exactly.
        drawn = sorted(self._draw_two(weights), key=loads.__getitem__)
        for index in dict.fromkeys(drawn):
            yield usable[index]
        rest = [index for index in range(len(usable)) if index not in drawn]
        lots = {index: draw_lot(weights[index], self._random()) for index in rest}
        for index in sorted(rest, key=lots.__getitem__):
            yield usable[index]

    def _draw_two(self, weights: Sequence[float]) -> list[int]:
        """Draw two indices by weight.

        With replacement: of two nodes both would be drawn each time otherwise, and a newcomer
        would get everyone, slow start or not.
        """
        bounds = list(accumulate(weights))
        places = (self._random() * bounds[-1] for _ in range(2))
        return [min(bisect_right(bounds, place), len(bounds) - 1) for place in places]


def ramp(age: float) -> float:
    """Return the share of its weight that a node has at an age in seconds.

    A start that lies further in the future than the slow start is long means that the clocks of
    the machines differ; then it says nothing.
    """
    if age < -SLOW_START:
        return 1.0
    return min(1.0, max(_LEAST_SHARE, age / SLOW_START))
