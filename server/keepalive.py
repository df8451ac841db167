"""Keep-alive for every channel by one timer: a wheel of one-second slots. Pure, but for the clock.

A channel that was silent for the heartbeat gets a ping; one that stays silent for the grace after
that is given up. It costs a channel nothing but its place in a slot.
"""

from collections.abc import Hashable, Iterable
from typing import Generic, Protocol, TypeVar


class Silent(Hashable, Protocol):
    """What the wheel needs to know of a channel."""

    # Monotonic time at which something was last heard, in seconds; set by the channel.
    heard: float


C = TypeVar("C", bound=Silent)


class KeepAlive(Generic[C]):
    """The wheel: each member stands in the slot of the second in which it has to be looked at."""

    def __init__(self, heartbeat: float, grace: float) -> None:
        """Make an empty wheel.

        Args:
            heartbeat: seconds of silence before a ping.
            grace: seconds after the ping before a member is given up.
        """
        self._heartbeat = heartbeat
        self._grace = grace
        # Members by the second in which they are due.
        self._slots: dict[int, dict[C, None]] = {}
        # The second in which each member stands.
        self._due: dict[C, int] = {}
        # Members that were pinged, with the time of the ping.
        self._pinged: dict[C, float] = {}
        # The last second whose slot has been emptied.
        self._done: int | None = None

    def add(self, member: C) -> None:
        """Begin to look after a member that was just heard."""
        self._schedule(member, member.heard + self._heartbeat)

    def discard(self, member: C) -> None:
        """Forget a member; no error if it is not known."""
        self._pinged.pop(member, None)
        due = self._due.pop(member, None)
        if due is not None:
            self._slots.get(due, {}).pop(member, None)

    def due(self, now: float) -> tuple[list[C], list[C]]:
        """Return the members to ping now and those to give up now; call about once a second."""
        ping: list[C] = []
        dead: list[C] = []
        for member in self._take(int(now)):
            pinged = self._pinged.pop(member, None)
            if pinged is not None and member.heard < pinged:
                dead.append(member)
            elif now - member.heard < self._heartbeat:
                self._schedule(member, member.heard + self._heartbeat)
            else:
                ping.append(member)
                self._pinged[member] = now
                self._schedule(member, now + self._grace)
        return ping, dead

    def _schedule(self, member: C, moment: float) -> None:
        second = int(moment) + 1
        if self._done is not None:
            second = max(second, self._done + 1)
        self._due[member] = second
        self._slots.setdefault(second, {})[member] = None

    def _take(self, second: int) -> Iterable[C]:
        ready = sorted(due for due in self._slots if due <= second)
        self._done = second
        members = [member for due in ready for member in self._slots.pop(due)]
        for member in members:
            del self._due[member]
        return members
