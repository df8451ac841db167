"""Admission: whether the node takes one more connection, and when to come back if not.

Pure: it does no I/O and takes clock and randomness as arguments. A handshake is turned away

- while the node drains or stops: other nodes take its clients;
- when it is full: as many channels are open as it may have;
- when it is hurried: more came within a second than it may take. A token bucket that holds one
  second's worth lets a burst of that size in, and then one client after the other.

Whoever is turned away is told to come back after so many seconds, and no two crowds at the same
moment. Those that came too fast get appointments: each refusal books the next free place behind
those that were booked before, `1 / rate` seconds apart, so that a crowd comes back about as fast as
it can be taken. Not all keep theirs (they may have found another node, or come earlier), which
costs nothing: places that lie in the past are free again.

Before its handshake nobody can be told anything. So a socket for which there is no room at all is
cut off: whoever opens many and says nothing must not have the files that a node needs for itself.
"""

import math
import random as random_module
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Reason = Literal["draining", "full", "hurried"]

# Seconds after which those may come back who were turned away for one of these reasons: at least,
# and how many more at most.
_DRAINING = (0.0, 5.0)
_FULL = (5.0, 10.0)

# The same for those that came too fast: on top of the appointment, this or half of it again.
_SPREAD = 2.0
# No appointment lies further ahead, in seconds: most of so large a crowd will have gone elsewhere.
_FURTHEST = 40.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a handshake is turned away.

    Attributes:
        reason: what it counts as.
        text: one line for people.
        retry_after: whole seconds after which to come back, at least 1.
    """

    reason: Reason
    text: str
    retry_after: int


class Admission:
    """Decides about the handshakes of one node."""

    def __init__(
        self,
        open_channels: Callable[[], int],
        *,
        max_connections: int | None,
        max_sockets: int | None = None,
        accept_rate: float,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        """Begin with room for a burst.

        Args:
            open_channels: returns how many channels are open now.
            max_connections: how many there may be; None for no limit.
            max_sockets: how many sockets there may be, whether their handshake has come or not;
                None for no limit.
            accept_rate: new ones a second; 0 for no limit.
            clock: returns monotonic seconds.
            random: returns a number from 0 up to, not including, 1.
        """
        self._open_channels = open_channels
        # How many channels there may be; None for no limit.
        self.max_connections = max_connections
        self._max_sockets = max_sockets
        # How many sockets there are; counted by `arrived` and `left`.
        self._sockets = 0
        self._rate = accept_rate
        self._clock = clock
        self._random = random
        # Whether the node drains or stops; set by the node.
        self.draining = False
        # Connections that may be taken at once, as of `_filled`.
        self._burst = max(1.0, accept_rate)
        self._tokens = self._burst
        self._filled = clock()
        # The moment of the last appointment that was given.
        self._booked = self._filled

    def arrived(self) -> bool:
        """Count a socket; False if there is no room for it: cut it off. `left` follows anyway."""
        self._sockets += 1
        return self._max_sockets is None or self._sockets <= self._max_sockets

    def left(self) -> None:
        """Count a socket that is gone."""
        self._sockets -= 1

    def check(self) -> Refusal | None:
        """Return why a handshake is turned away; None if it is to be answered."""
        if self.draining:
            return self._refusal("draining", "this node is leaving", *_DRAINING)
        if self.max_connections is not None and self._open_channels() >= self.max_connections:
            return self._refusal("full", "this node is full", *_FULL)
        if self._rate and not self._take_token():
            wait = self._book()
            spread = max(_SPREAD, wait / 2)
            return self._refusal("hurried", "too many connect to this node at once", wait, spread)
        return None

    def _refusal(self, reason: Reason, text: str, least: float, spread: float) -> Refusal:
        # What is random lies in (0, spread], so that the whole seconds are equally likely.
        return Refusal(reason, text, math.ceil(least + spread * (1.0 - self._random())))

    def _take_token(self) -> bool:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def _book(self) -> float:
        """Return the seconds until the next free appointment, and take it."""
        now = self._filled
        self._booked = min(max(self._booked, now) + 1.0 / self._rate, now + _FURTHEST)
        return self._booked - now
