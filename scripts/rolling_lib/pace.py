"""The pace of reconnects: how many came in the busiest second, and how many it would be evenly.

Pure. A node that closed all its channels at once would see them all come back to the others within
moments: the herd that a paced drain is there to avoid.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

_WINDOW = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Reconnects a second.

    Attributes:
        even: if the clients of the node that drains went evenly over the time that it has.
        peak: in the busiest second.
    """

    even: float
    peak: int

    @property
    def ratio(self) -> float:
        """The peak in units of the even pace; infinite where nobody had reason to reconnect."""
        if self.peak == 0:
            return 0.0
        return self.peak / self.even if self.even else float("inf")


def even_pace(clients: int, within: float) -> float:
    """Return the reconnects a second if so many clients went evenly within so many seconds.

    Below a second it is that of a second, since a peak is what a second holds.
    """
    return clients / max(within, _WINDOW)


def peak_of(moments: Iterable[float], window: float = _WINDOW) -> int:
    """Return the most moments that lie within any `window` seconds, wherever it begins."""
    recent: deque[float] = deque()
    most = 0
    for moment in sorted(moments):
        recent.append(moment)
        while moment - recent[0] >= window:
            recent.popleft()
        most = max(most, len(recent))
    return most
