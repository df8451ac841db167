"""The weather: which nodes can't know the truth now, and since when the others can. Pure.

A node that is frozen, cut off from ZooKeeper or Redis, or that sees ZooKeeper only just back, is
not to blame for what it says about who is online: its clock begins when the weather clears.
"""

from __future__ import annotations

from collections import Counter


class Weather:
    """What keeps each node from knowing who is online."""

    def __init__(self, nodes: int) -> None:
        # How many faults cloud each node now.
        self._clouds: Counter[int] = Counter()
        # When the last of them had passed, in seconds.
        self._cleared = [0.0] * nodes
        self._nodes = nodes

    def cloud(self, node: int | None) -> None:
        """Begin to cloud a node; None for all."""
        self._clouds.update(self._of(node))

    def clear(self, node: int | None, now: float) -> None:
        """End what `cloud` has begun."""
        for each in self._of(node):
            self._clouds[each] -= 1
            if not self._clouds[each]:
                self._cleared[each] = now

    def clear_since(self, node: int) -> float | None:
        """Return since when nothing clouds a node, in seconds; None if something does."""
        return None if self._clouds[node] else self._cleared[node]

    def _of(self, node: int | None) -> list[int]:
        return list(range(self._nodes)) if node is None else [node]
