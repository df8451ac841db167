"""Pacing: at once after a channel that lasted, later and later after that."""

from client_sdk.pacing import BASE, CAP, SETTLED, Pacing


def longest(_low: float, high: float) -> float:
    return high


def test_the_first_loss_is_followed_at_once() -> None:
    assert Pacing(longest).after_loss(0.0) == 0.0


def test_a_channel_that_does_not_last_is_no_reason_to_hurry() -> None:
    pacing = Pacing(longest)
    assert [pacing.after_loss(0.0) for _ in range(4)] == [0.0, BASE, 2 * BASE, 4 * BASE]
    assert pacing.after_loss(SETTLED) == 0.0
    assert pacing.after_loss(0.0) == BASE


def test_failures_take_longer_and_longer_up_to_the_cap() -> None:
    pacing = Pacing(longest)
    delays = [pacing.after_failure(None) for _ in range(10)]
    assert delays[:3] == [BASE, 2 * BASE, 4 * BASE]
    assert delays[-1] == CAP
    assert pacing.after_loss(0.0) == CAP


def test_what_the_node_asked_for_is_kept_and_stretched() -> None:
    pacing = Pacing(longest)
    assert pacing.after_failure(4.0) == 5.0
    assert Pacing(lambda low, _high: low).after_failure(4.0) == 4.0


def test_a_delay_is_random_down_to_nothing() -> None:
    assert Pacing(lambda low, _high: low).after_failure(None) == 0.0
