"""No message overtakes an earlier one that failed, and nothing else waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.envelope import Envelope
from server.resend_order import MAX_SESSIONS, ResendOrder


def envelope(session: str, number: int, *, durable: bool = True) -> Envelope:
    """Return an envelope of a session."""
    return Envelope("bob", "alice", f"{session}-{number}", session, number, b"", durable)


def test_those_behind_a_failed_one_wait_until_it_comes() -> None:
    order = ResendOrder()
    order.failed(envelope("s", 5))
    order.failed(envelope("s", 6))
    assert order.overtakes(envelope("s", 6))
    assert not order.overtakes(envelope("s", 5))
    assert not order.overtakes(envelope("t", 6))
    order.came(envelope("s", 4))
    assert order.overtakes(envelope("s", 6))
    order.came(envelope("s", 5))
    assert not order.overtakes(envelope("s", 6))


def test_what_is_not_durable_has_no_place_in_the_order() -> None:
    order = ResendOrder()
    order.failed(envelope("s", 1, durable=False))
    assert not order.overtakes(envelope("s", 2))
    order.failed(envelope("s", 2))
    assert not order.overtakes(envelope("s", 3, durable=False))


def test_too_many_sessions_are_told() -> None:
    order = ResendOrder()
    for number in range(MAX_SESSIONS):
        assert order.failed(envelope(f"s{number}", 1))
    assert order.failed(envelope("s0", 2))
    assert not order.failed(envelope("one more", 1))


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans())))
def test_what_is_stored_never_goes_back(arrivals: list[tuple[int, bool]]) -> None:
    """Whatever comes and fails: after a failure nothing larger is stored before that one."""
    order = ResendOrder()
    waits_for: int | None = None
    for number, stores in arrivals:
        message = envelope("s", number)
        if order.overtakes(message):
            assert waits_for is not None
            assert number > waits_for
            continue
        assert waits_for is None or number <= waits_for
        order.came(message)
        if number == waits_for:
            waits_for = None
        if not stores:
            order.failed(message)
            waits_for = number if waits_for is None else waits_for
