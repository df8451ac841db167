"""The watch notes what happens after it has begun."""

from __future__ import annotations

from client_sdk import Event, Happening, Message
from scripts.rolling_lib.watch import Watch
from scripts.trial_lib.ledger import Entry
from scripts.trial_lib.user import Route, User

BOB = User("bob", Route("", ""), received=lambda *_: None, noticed=lambda *_: None)


def test_moves_and_losses_are_told_apart() -> None:
    now = 0.0
    watch = Watch(lambda: now)
    watch.noticed(BOB, Event(Happening.CONNECTED))
    watch.begin()
    now = 1.0
    watch.noticed(BOB, Event(Happening.MOVING))
    watch.noticed(BOB, Event(Happening.CONNECTED))
    assert watch.gaps.longest(9.0) == {}
    now = 2.0
    watch.noticed(BOB, Event(Happening.DISCONNECTED))
    now = 2.5
    watch.noticed(BOB, Event(Happening.CONNECTED))
    assert watch.gaps.longest(9.0) == {"bob": 0.5}
    assert watch.reconnects == [1.0, 2.5]


def test_a_latency_is_from_sending_to_delivery() -> None:
    watch = Watch(lambda: 3.0)
    message = Message(sender="alice", body={"n": 1}, id="s-1", offset=1, time=0.0)
    watch.delivered("bob", message, Entry(1, sent=2.5))
    assert watch.latencies.between(2.5, 2.6).p50 == 0.5
