"""Pacing: how long to wait before the next attempt to get a channel. Pure."""

import random
from collections.abc import Callable, Iterator

from cluster.backoff import full_jitter

BASE = 0.1
CAP = 8.0
# A channel that lasted this many seconds shows that the trouble is over.
SETTLED = 5.0


class Pacing:
    """The waiting times of one client.

    The first attempt after a channel that had lasted follows at once, since another node can take
    over; only after a whole round over the candidates has failed is there anything to wait for.
    """

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._uniform = uniform
        # Grows with every failure until a channel has lasted.
        self._delays: Iterator[float] = full_jitter(BASE, CAP, uniform=uniform)
        # Whether the last channel was lost before it had lasted, or never came.
        self._unsettled = False

    def after_loss(self, lasted: float) -> float:
        """Return the seconds to wait after a channel that lasted so many seconds was lost."""
        if lasted >= SETTLED:
            self._delays = full_jitter(BASE, CAP, uniform=self._uniform)
            self._unsettled = False
        first, self._unsettled = not self._unsettled, True
        return 0.0 if first else next(self._delays)

    def after_failure(self, retry_after: float | None) -> float:
        """Return the seconds to wait after a round in which no candidate could be reached.

        Args:
            retry_after: seconds that a node or a balancer asked for; None if none did. They are
                kept, and stretched at random, so that all those who were told the same do not
                come at the same moment.
        """
        self._unsettled = True
        delay = next(self._delays)
        if retry_after is None:
            return delay
        return max(delay, retry_after * self._uniform(1.0, 1.25))
