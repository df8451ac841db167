"""The ledger finds every planted loss, copy and reordering, and finds nothing where nothing is."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from scripts.trial_lib.ledger import Ledger


@dataclass(frozen=True)
class Sending:
    """What happens to one message of a story.

    Attributes:
        pair: which sender writes to which recipient.
        confirmed: whether its sender is told that it is stored.
        copies: how often it is delivered.
    """

    pair: tuple[str, str]
    confirmed: bool
    copies: int


USERS = st.sampled_from(["alice", "bob", "carol"])
SENDINGS = st.lists(
    st.builds(Sending, st.tuples(USERS, USERS), st.booleans(), st.integers(0, 3)), max_size=40
)


def tell(story: list[Sending]) -> Ledger:
    """Send all, confirm, and deliver in the order of sending."""
    ledger = Ledger()
    numbers = [ledger.send(*sending.pair, 0.0) for sending in story]
    for number, sending in zip(numbers, story, strict=True):
        if sending.confirmed:
            ledger.confirm(*sending.pair, number, 1.0)
    for number, sending in zip(numbers, story, strict=True):
        for _ in range(sending.copies):
            ledger.deliver(*sending.pair, number, 2.0)
    return ledger


@given(SENDINGS)
def test_losses_and_copies_are_counted(story: list[Sending]) -> None:
    totals = tell(story).totals()
    assert totals.sent == len(story)
    assert totals.confirmed == sum(one.confirmed for one in story)
    assert totals.delivered == sum(one.copies > 0 for one in story)
    assert totals.lost == sum(one.confirmed and not one.copies for one in story)
    assert totals.doubled == sum(max(0, one.copies - 1) for one in story)
    assert totals.unconfirmed_delivered == sum(
        one.copies > 0 and not one.confirmed for one in story
    )
    assert totals.out_of_order == totals.strange == 0


@given(SENDINGS)
def test_what_is_outstanding_is_what_would_be_lost(story: list[Sending]) -> None:
    ledger = tell(story)
    assert ledger.outstanding == ledger.totals().lost
    assert ledger.confirmed == ledger.totals().confirmed
    assert ledger.delivered == ledger.totals().delivered


@given(SENDINGS)
def test_every_fault_is_named(story: list[Sending]) -> None:
    ledger = tell(story)
    totals = ledger.totals()
    found = [finding.what for finding in ledger.findings()]
    assert found.count("lost") == totals.lost
    assert found.count("doubled") == sum(one.copies > 1 for one in story)


@given(st.permutations(range(1, 8)))
def test_reordering_is_found(order: list[int]) -> None:
    ledger = Ledger()
    for _ in order:
        ledger.confirm("alice", "bob", ledger.send("alice", "bob", 0.0), 0.0)
    for number in order:
        ledger.deliver("alice", "bob", number, 1.0)
    late = {number for place, number in enumerate(order) if number < max(order[: place + 1])}
    assert ledger.totals().out_of_order == len(late)
    assert {finding.number for finding in ledger.findings()} == late


def test_order_is_each_pairs_own() -> None:
    ledger = Ledger()
    for sender in ("alice", "bob"):
        for _ in range(2):
            ledger.confirm(sender, "carol", ledger.send(sender, "carol", 0.0), 0.0)
    for sender, number in (("alice", 1), ("alice", 2), ("bob", 1), ("bob", 2)):
        ledger.deliver(sender, "carol", number, 1.0)
    assert ledger.totals().out_of_order == 0


def test_what_was_given_up_may_come_late() -> None:
    ledger = Ledger()
    for _ in range(2):
        ledger.send("alice", "bob", 0.0)
    ledger.confirm("alice", "bob", 2, 0.0)
    ledger.deliver("alice", "bob", 2, 1.0)
    ledger.deliver("alice", "bob", 1, 2.0)
    assert list(ledger.findings()) == []
    assert ledger.totals().unconfirmed_delivered == 1


def test_a_confirmation_may_come_after_the_delivery() -> None:
    ledger = Ledger()
    ledger.send("alice", "bob", 0.0)
    ledger.deliver("alice", "bob", 1, 1.0)
    ledger.confirm("alice", "bob", 1, 2.0, "s-1 at offset 7")
    assert ledger.outstanding == 0
    assert list(ledger.findings()) == []


def test_what_nobody_sent_is_strange() -> None:
    ledger = Ledger()
    ledger.send("alice", "bob", 0.0)
    for sender, recipient, number in (
        ("alice", "bob", 2),
        ("alice", "bob", 0),
        ("alice", "bob", None),
        ("alice", "bob", True),
        ("bob", "alice", 1),
    ):
        assert ledger.deliver(sender, recipient, number, 1.0) is None
    assert ledger.totals().strange == 5
    assert [finding.what for finding in ledger.findings()] == ["strange"] * 5


def test_only_the_first_delivery_returns_its_entry() -> None:
    ledger = Ledger()
    ledger.send("alice", "bob", 0.0)
    entry = ledger.deliver("alice", "bob", 1, 1.0)
    assert entry is not None
    assert entry.delivered == 1.0
    assert ledger.deliver("alice", "bob", 1, 2.0) is None
    assert entry.delivered == 1.0
