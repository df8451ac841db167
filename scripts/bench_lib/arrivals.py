"""Arrivals: which messages of a numbered stream have come, when, how often and in what order. Pure.

Made for the plain case, in which they come in order: that costs one comparison and one append.
"""

from __future__ import annotations

import math


class Arrivals:
    """The messages 1, 2, 3 … of one stream."""

    __slots__ = ("disordered", "doubled", "times")

    def __init__(self) -> None:
        # When each message came, in the order of their numbers; nan for one that was passed over.
        self.times: list[float] = []
        # How often one came that had come before.
        self.doubled = 0
        # How often one came after a later one.
        self.disordered = 0

    def take(self, number: int, now: float) -> bool:
        """Note an arrival; tell whether it is the first of its message."""
        times = self.times
        if number == len(times) + 1:
            times.append(now)
            return True
        return self._take_odd(number, now)

    def _take_odd(self, number: int, now: float) -> bool:
        times = self.times
        if number > len(times):
            times.extend([math.nan] * (number - 1 - len(times)))
            times.append(now)
        elif math.isnan(times[number - 1]):
            times[number - 1] = now
            self.disordered += 1
        else:
            self.doubled += 1
            return False
        return True

    def lost(self, sent: int) -> int:
        """Return how many of the first `sent` messages have not come."""
        return sent - len(self.times) + sum(map(math.isnan, self.times))
