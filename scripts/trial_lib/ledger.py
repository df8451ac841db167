"""The ledger: who has sent what to whom, what was confirmed, what was delivered. Pure.

Messages are numbered 1, 2, 3 … from each sender to each recipient. Rules by which they are judged:

lost          confirmed, and never delivered
doubled       delivered more than once; each time beyond the first counts
out of order  confirmed, and first delivered after a confirmed one with a larger number
strange       delivered, and never sent

What was not confirmed may be delivered or not, and late: its sender was told that it may have been
stored. But it may not be delivered twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Entry:
    """One message.

    Attributes:
        number: its place among those of this sender to this recipient.
        sent: when it was handed to the SDK, in seconds.
        confirmed: when its sender was told that it is stored, in seconds; None if it wasn't.
        delivered: when its recipient got it first, in seconds; None if it didn't.
        copies: how often it was delivered.
        trace: what the node called it when it confirmed it; empty before.
    """

    number: int
    sent: float
    confirmed: float | None = None
    delivered: float | None = None
    copies: int = 0
    trace: str = ""


@dataclass(slots=True)
class Pair:
    """What one sender has sent to one recipient.

    Attributes:
        entries: every message, by its number less one.
        arrived: numbers of the messages in the order of their first delivery.
    """

    entries: list[Entry] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Finding:
    """A message with which something is wrong.

    Attributes:
        what: `lost`, `doubled`, `out of order` or `strange`.
        sender: who sent it.
        recipient: to whom.
        number: which of those from sender to recipient.
        confirmed: when it was confirmed, in seconds; None if it wasn't.
        delivered: when it was delivered first, in seconds; None if it wasn't.
        trace: what the node called it.
    """

    what: str
    sender: str
    recipient: str
    number: int
    confirmed: float | None = None
    delivered: float | None = None
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over a ledger; see the top of this file for the words.

    Attributes:
        delivered: messages delivered at least once.
        unconfirmed: messages that were given up by their senders.
        unconfirmed_delivered: those of them that were delivered nevertheless.
    """

    sent: int
    confirmed: int
    delivered: int
    lost: int
    doubled: int
    out_of_order: int
    strange: int
    unconfirmed: int
    unconfirmed_delivered: int


class Ledger:
    """The book of one run."""

    def __init__(self) -> None:
        # By sender and recipient.
        self._pairs: dict[tuple[str, str], Pair] = {}
        # What was delivered and never sent.
        self._strange: list[Finding] = []
        # Sums that are wanted while the run goes on.
        self.sent = 0
        self.confirmed = 0
        self.delivered = 0
        # Confirmed messages that are not delivered yet.
        self.outstanding = 0

    def send(self, sender: str, recipient: str, now: float) -> int:
        """Enter a message that is about to be sent; return its number."""
        pair = self._pairs.setdefault((sender, recipient), Pair())
        pair.entries.append(Entry(len(pair.entries) + 1, now))
        self.sent += 1
        return len(pair.entries)

    def confirm(
        self, sender: str, recipient: str, number: int, now: float, trace: str = ""
    ) -> None:
        """Note that a sender was told that its message is stored."""
        entry = self._pairs[sender, recipient].entries[number - 1]
        entry.confirmed, entry.trace = now, trace
        self.confirmed += 1
        self.outstanding += entry.delivered is None

    def deliver(self, sender: str, recipient: str, number: object, now: float) -> Entry | None:
        """Note a delivery; return its entry if it is the first one."""
        entry = self._find(sender, recipient, number)
        if entry is None:
            shown = number if isinstance(number, int) else 0
            self._strange.append(Finding("strange", sender, recipient, shown, delivered=now))
            return None
        entry.copies += 1
        if entry.copies > 1:
            return None
        entry.delivered = now
        self._pairs[sender, recipient].arrived.append(entry.number)
        self.delivered += 1
        self.outstanding -= entry.confirmed is not None
        return entry

    def _find(self, sender: str, recipient: str, number: object) -> Entry | None:
        pair = self._pairs.get((sender, recipient))
        if pair is None or type(number) is not int or not 0 < number <= len(pair.entries):
            return None
        return pair.entries[number - 1]

    def totals(self) -> Totals:
        """Return the sums; they are final when nothing is sent or delivered any more."""
        entries = [entry for pair in self._pairs.values() for entry in pair.entries]
        unconfirmed = [entry for entry in entries if entry.confirmed is None]
        return Totals(
            sent=len(entries),
            confirmed=len(entries) - len(unconfirmed),
            delivered=sum(entry.copies > 0 for entry in entries),
            lost=sum(_is_lost(entry) for entry in entries),
            doubled=sum(max(0, entry.copies - 1) for entry in entries),
            out_of_order=sum(len(late_numbers(pair)) for pair in self._pairs.values()),
            strange=len(self._strange),
            unconfirmed=len(unconfirmed),
            unconfirmed_delivered=sum(entry.copies > 0 for entry in unconfirmed),
        )

    def findings(self) -> Iterator[Finding]:
        """Yield every message with which something is wrong."""
        yield from self._strange
        for (sender, recipient), pair in self._pairs.items():
            late = late_numbers(pair)
            for entry in pair.entries:
                for what in _faults(entry, late):
                    yield Finding(
                        what,
                        sender,
                        recipient,
                        entry.number,
                        entry.confirmed,
                        entry.delivered,
                        entry.trace,
                    )


def late_numbers(pair: Pair) -> set[int]:
    """Return the confirmed messages that came after a confirmed one with a larger number."""
    late: set[int] = set()
    largest = 0
    for number in pair.arrived:
        if pair.entries[number - 1].confirmed is None:
            continue
        if number < largest:
            late.add(number)
        largest = max(largest, number)
    return late


def _is_lost(entry: Entry) -> bool:
    return entry.confirmed is not None and entry.copies == 0


def _faults(entry: Entry, late: set[int]) -> Iterable[str]:
    if _is_lost(entry):
        yield "lost"
    if entry.copies > 1:
        yield "doubled"
    if entry.number in late:
        yield "out of order"
