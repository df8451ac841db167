"""The outbox: messages that are not confirmed yet, and in which order they go out.

Pure: no I/O, no clock, no futures. Its rules:

1. Numbers grow with every message, and messages go out in the order of their numbers. A node
   stores a number that is not larger than the last one stored as a repetition, so sending again
   does no harm, while sending out of order would lose.
2. On a new channel everything unconfirmed goes out again, from the lowest number on.
3. When a node can't store a message now, it refuses that one and all that follow it on the channel,
   until that one comes again. So the outbox goes back to it, sends it alone as a probe after
   a delay, and goes on with the rest once it is confirmed: an outage costs one small frame for
   each delay, not the whole window.
4. A message whose sender has given up is withdrawn: it never goes out again. If the node waits
   for exactly that one, only a new channel gets the others through; `blocked` says so.
5. A message that is not durable is forgotten as soon as it is taken: nobody will confirm it.
"""

from collections import deque
from dataclasses import dataclass

from cluster.names import split_send_id


@dataclass(slots=True)
class Entry:
    """One message in the outbox."""

    # Its place in the order.
    number: int
    # `<session>-<number>`.
    id: str
    # The whole `send` frame.
    frame: bytes
    # False if the node will not confirm it.
    durable: bool
    # Copies written on this channel that the node has not answered.
    in_flight: int = 0
    # Whether it has ever been written, on any channel.
    written: bool = False
    # Whether it is to be written (again) on this channel.
    due: bool = True
    # Whether its sender has given up.
    withdrawn: bool = False


class Outbox:
    """The unconfirmed messages of one session."""

    def __init__(self, session: str) -> None:
        self.session = session
        # The number given last.
        self._last = 0
        # Unanswered messages by number, ascending.
        self._entries: dict[int, Entry] = {}
        # Numbers to be written, ascending; it may still hold some that are gone.
        self._due: deque[int] = deque()
        # The message that the node could not store and waits for; None if there is none.
        self._probe: int | None = None
        # True from a temporary refusal until `release`.
        self._held = False

    def __len__(self) -> int:
        """Return how many messages somebody still waits for."""
        return sum(not entry.withdrawn for entry in self._entries.values())

    @property
    def blocked(self) -> bool:
        """Whether messages wait behind one that the node wants and that never comes again."""
        if self._probe is None or not self._entries[self._probe].withdrawn:
            return False
        return len(self) > 0

    def next_id(self) -> str:
        """Return the id that the message added next will have."""
        return f"{self.session}-{self._last + 1}"

    def add(self, frame: bytes, *, durable: bool) -> Entry:
        """Put a message, whose frame carries `next_id()`, behind all others."""
        entry = Entry(self._last + 1, self.next_id(), frame, durable)
        self._last = entry.number
        self._entries[entry.number] = entry
        self._due.append(entry.number)
        return entry

    def take(self) -> Entry | None:
        """Return the message to write next, counted as written; None if none may be now."""
        entry = self._next_due()
        if entry is None:
            return None
        entry.due = False
        entry.written = True
        entry.in_flight += 1
        if not entry.durable:
            self._forget(entry)
        return entry

    def _next_due(self) -> Entry | None:
        if self._held:
            return None
        if self._probe is not None:
            probe = self._entries[self._probe]
            return probe if probe.due else None
        while self._due:
            entry = self._entries.get(self._due[0])
            if entry is not None and entry.due:
                return entry
            self._due.popleft()
        return None

    def holds(self, send_id: str) -> bool:
        """Tell whether a message is here: not answered for good yet, and not forgotten."""
        return self._find(send_id) is not None

    def settle(self, send_id: str) -> Entry | None:
        """Take out a message that was stored or refused for good; None if it is not here."""
        entry = self._find(send_id)
        if entry is not None:
            self._forget(entry)
        return entry

    def postpone(self, send_id: str) -> bool:
        """Go back to a message that the node can't store now; True if `release` is to follow."""
        entry = self._find(send_id)
        if entry is None:
            return False
        entry.in_flight = max(0, entry.in_flight - 1)
        # A later copy of it is on its way: the answer to that one counts.
        if entry.in_flight or entry.due:
            return False
        if self._probe is None or entry.number <= self._probe:
            self._probe = entry.number
        self._go_back(entry.number)
        held, self._held = self._held, True
        return not held

    def _go_back(self, number: int) -> None:
        for entry in self._entries.values():
            if entry.number >= number and not entry.withdrawn:
                entry.due = True
        self._due = deque(entry.number for entry in self._entries.values() if entry.due)

    def release(self) -> None:
        """End the delay after a temporary refusal."""
        self._held = False

    def withdraw(self, entry: Entry) -> None:
        """Never write a message again, since nobody waits for it any more."""
        if self._entries.get(entry.number) is not entry:
            return
        entry.withdrawn = True
        entry.due = False
        # One that the node may still answer, or waits for, is kept to understand that answer.
        if not entry.in_flight and self._probe != entry.number:
            self._forget(entry)

    def rewind(self) -> None:
        """Begin on a new channel: write everything that somebody waits for, in order."""
        self._entries = {n: e for n, e in self._entries.items() if not e.withdrawn}
        for entry in self._entries.values():
            entry.due = True
            entry.in_flight = 0
        self._due = deque(self._entries)
        self._probe = None
        self._held = False

    def _find(self, send_id: str) -> Entry | None:
        parts = split_send_id(send_id)
        if parts is None or parts[0] != self.session:
            return None
        return self._entries.get(parts[1])

    def _forget(self, entry: Entry) -> None:
        del self._entries[entry.number]
        if self._probe == entry.number:
            self._probe = None
