"""Rests: which nodes have asked to be left alone, and for how long yet.

Pure: it does no I/O; clock and randomness come as arguments.

A node that is full, or has had enough new connections for this second, refuses the handshake with
`Retry-After`. Trying it earlier would only add to its load. So unlike a node that has failed, which
is tried when all others have failed too, it is not tried at all before its time.
"""

import random
import time
from collections.abc import Callable

# By how much the time is stretched at random, so that those who were told the same at the same
# moment do not come back at the same moment.
_STRETCH = 1.25


class Rests:
    """The rests of all nodes, as one client has been told of them."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Know of none.

        Args:
            clock: returns monotonic seconds.
            uniform: returns a number between its two arguments.
        """
        self._clock = clock
        self._uniform = uniform
        # url → when its rest is over; an entry goes when that is found to be past.
        self._until: dict[str, float] = {}

    def begin(self, url: str, seconds: float) -> None:
        """Note that a node asked to be left alone for so many seconds."""
        self._until[url] = self._clock() + seconds * self._uniform(1.0, _STRETCH)

    def left(self, url: str) -> float:
        """Return how many seconds a node is still to be left alone; 0 if it may be tried."""
        left = self._until.get(url, 0.0) - self._clock()
        if left > 0:
            return left
        self._until.pop(url, None)
        return 0.0
