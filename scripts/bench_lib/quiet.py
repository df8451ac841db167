"""Repeats a run that was disturbed, and keeps the quietest. Pure but for the run itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from scripts.bench_lib.outcome import Outcome


class Patience:
    """How often, and how long in all, runs may be repeated because of noise."""

    def __init__(
        self,
        limit: float,
        tries: int,
        seconds: float,
        clock: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        """Set the bounds.

        Args:
            limit: processors' worth of disturbance that a run may have.
            tries: how many runs are made at most to get one.
            seconds: how long all repetitions together may take.
            clock: seconds.
            say: shown a line when a run is repeated.
        """
        self._limit = limit
        self._tries = tries
        # What is left for repetitions, in seconds.
        self._left = seconds
        self._clock = clock
        self._say = say

    def quietest(self, run: Callable[[], Outcome]) -> Outcome:
        """Run until a run is quiet or patience is over; return the quietest."""
        best = run()
        count = 1
        while best.disturbance > self._limit and count < self._tries and self._left > 0:
            self._say(f"  disturbed by {best.disturbance:.2f} processors: once more")
            began = self._clock()
            best = min(best, run(), key=lambda outcome: outcome.disturbance)
            self._left -= self._clock() - began
            count += 1
        return dataclasses.replace(best, tries=count)
