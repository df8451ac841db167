"""The latencies: from the moment at which a message was sent to that of its delivery. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.trial_lib.quantile import quantile


@dataclass(frozen=True, slots=True)
class LatencyFigures:
    """The latencies of some messages, in seconds.

    Attributes:
        messages: how many.
        p50: what half of them did not exceed.
        p99: what 99 % did not exceed.
        longest: the longest.
    """

    messages: int
    p50: float
    p99: float
    longest: float


class Latencies:
    """The latency of every message that was delivered."""

    def __init__(self) -> None:
        # When each was sent, in seconds, and how long it took.
        self._all: list[tuple[float, float]] = []

    def note(self, sent: float, delivered: float) -> None:
        """Enter a message."""
        self._all.append((sent, delivered - sent))

    def between(self, begin: float, end: float) -> LatencyFigures:
        """Return the figures of those that were sent from `begin` on and before `end`."""
        found = [latency for sent, latency in self._all if begin <= sent < end]
        return LatencyFigures(
            len(found), quantile(found, 0.5), quantile(found, 0.99), max(found, default=0.0)
        )
