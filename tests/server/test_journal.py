"""The journal: a ring that keeps the latest, within its bytes."""

from __future__ import annotations

import tracemalloc

from server.batch import Item, encode_batch
from server.envelope import Envelope
from server.inbox import Stored
from server.journal import Acknowledged, Came, InboxRead, Journal, Left, ReceivedBatch, StoredBatch


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def envelope(number: int, body: bytes = b"null") -> Envelope:
    """Return an envelope that shares nothing with another but its users' names."""
    session = f"session{number}"
    tail = b'"from":"alice","id":"%b-1","time":99.5,"body":%b}' % (session.encode(), body)
    return Envelope("bob", "alice", f"{session}-1", session, 1, tail)


def test_it_keeps_what_happened_in_order() -> None:
    clock = Clock()
    journal = Journal(100_000, clock)
    journal.came("bob", "phone", "c1")
    clock.now = 101.0
    journal.stored("e", [envelope(1)], [Stored(1, 1, ("n1",))])
    journal.received(b"batch")
    journal.read(("bob", "phone", "e"), "c1", (1, 3), 2)
    journal.acknowledged({("bob", "phone", "e"): 3})
    journal.left("bob", "phone", "c1")
    came, stored, received, read, acknowledged, left = journal.entries()
    assert came == Came(100.0, "bob", "phone", "c1")
    assert isinstance(stored, StoredBatch)
    assert (stored.time, stored.epoch) == (101.0, "e")
    assert stored.pairs() == [(envelope(1), Stored(1, 1, ("n1",)))]
    assert received == ReceivedBatch(101.0, b"batch")
    assert read == InboxRead(101.0, "bob", "phone", "c1", "e", 1, 3, 2)
    assert acknowledged == Acknowledged(101.0, {("bob", "phone", "e"): 3})
    assert left == Left(101.0, "bob", "phone", "c1")
    assert journal.since == 100.0


def test_the_oldest_goes_and_it_says_since_when_it_is_complete() -> None:
    clock = Clock()
    journal = Journal(10_000, clock)
    for second in range(100):
        clock.now = float(second)
        journal.failed([envelope(second)], "away")
    entries = journal.entries()
    assert 10 < len(entries) < 25
    assert entries[-1].time == 99.0
    assert journal.since == entries[0].time - 1


def test_what_is_larger_than_all_of_it_does_not_stay() -> None:
    journal = Journal(10_000)
    journal.published(b"x" * 20_000, None, taken=True)
    assert journal.entries() == []


def test_without_room_it_keeps_nothing() -> None:
    journal = Journal(0)
    journal.came("bob", "phone", "c1")
    journal.left("bob", "phone", "c1")
    journal.stored("e", [envelope(1)], [Stored(1, 1, ())])
    journal.failed([envelope(1)], "away")
    journal.published(b"", None, taken=False)
    journal.received(b"")
    journal.read(("bob", "phone", "e"), "c1", (1, 3), 2)
    journal.acknowledged({("bob", "phone", "e"): 3})
    assert journal.entries() == []
    assert journal.since is None


def test_it_takes_no_more_memory_than_it_says() -> None:
    limit = 2_000_000
    journal = Journal(limit)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(8_000):
            made = envelope(number, b'"%d"' % number)
            stored = Stored(number + 10**6, number + 10**6, (f"a-node-id-{number}",))
            journal.stored("e", [made], [stored])
            items = [Item("bob", number, made.tail)]
            journal.published(encode_batch("n", "e", items), None, taken=True)
            journal.acknowledged({("bob", f"device{number}", "e"): number + 10**6})
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert limit / 4 < after - before < limit
