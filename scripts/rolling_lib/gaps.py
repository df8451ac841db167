"""The gaps: how long each client was without a channel. Pure.

A client that opens its new channel before it leaves the old one has no gap: none of its events says
that it was disconnected.
"""

from __future__ import annotations

from dataclasses import dataclass

from scripts.trial_lib.quantile import quantile


@dataclass(frozen=True, slots=True)
class GapFigures:
    """The longest gap of each client, in seconds.

    Attributes:
        clients: how many had one at all.
        p50: what half of all clients did not exceed; 0 for those without a gap.
        p99: what 99 % did not exceed.
        longest: the longest of all.
    """

    clients: int
    p50: float
    p99: float
    longest: float


class Gaps:
    """The longest gap of every client."""

    def __init__(self) -> None:
        # Since when each client has been without a channel, in seconds; the others are not here.
        self._since: dict[str, float] = {}
        # The longest gap that has ended, of those who had any.
        self._longest: dict[str, float] = {}

    def lost(self, client: str, now: float) -> None:
        """Note that a client has no channel any more."""
        self._since.setdefault(client, now)

    def found(self, client: str, now: float) -> None:
        """Note that a client has a channel, whether it was without one or not."""
        if (since := self._since.pop(client, None)) is not None:
            self._longest[client] = max(self._longest.get(client, 0.0), now - since)

    def longest(self, now: float) -> dict[str, float]:
        """Return the longest gap of each client that had any; one that goes on ends at `now`."""
        found = dict(self._longest)
        for client, since in self._since.items():
            found[client] = max(found.get(client, 0.0), now - since)
        return found

    def figures(self, clients: int, now: float) -> GapFigures:
        """Return what it comes to among so many clients."""
        found = [gap for gap in self.longest(now).values() if gap > 0.0]
        each = [0.0] * (clients - len(found)) + found
        return GapFigures(
            len(found), quantile(each, 0.5), quantile(each, 0.99), max(each, default=0.0)
        )
