"""Stalls: how long messages were on their way after they had been confirmed. Pure."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from scripts.trial_lib.quantile import quantile


@dataclass(frozen=True, slots=True, order=True)
class Stall:
    """One message and its way.

    Attributes:
        seconds: from the confirmation, or from the recipient's return if that came later, to the
            delivery.
        at: when it was delivered, in seconds after the begin.
        sender: who sent it.
        recipient: to whom.
        number: which of those from sender to recipient.
    """

    seconds: float
    at: float
    sender: str
    recipient: str
    number: int


@dataclass(slots=True)
class Stalls:
    """Every way, and the worst ones by name."""

    # Seconds of each.
    _all: list[float] = field(default_factory=list)
    # The longest ones, a heap.
    _worst: list[Stall] = field(default_factory=list)

    def note(self, stall: Stall) -> None:
        """Enter one."""
        self._all.append(stall.seconds)
        heapq.heappush(self._worst, stall)
        if len(self._worst) > 10:
            heapq.heappop(self._worst)

    def worst(self) -> list[Stall]:
        """Return the longest, the worst first."""
        return sorted(self._worst, reverse=True)

    @property
    def longest(self) -> float:
        """The longest, in seconds; 0 if there is none."""
        return max(self._all, default=0.0)

    def quantile(self, share: float) -> float:
        """Return the seconds that a share of the messages did not exceed; 0 if there are none."""
        return quantile(self._all, share)
