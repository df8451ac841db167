"""The credit for small frames: a burst, then the rate, and never more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.frame_credit import BURST, RATE, FrameCredit


def test_a_burst_may_come_at_once_and_no_frame_more() -> None:
    credit = FrameCredit()
    assert all(credit.take(100.0) for _ in range(int(BURST)))
    assert not credit.take(100.0)


def test_it_comes_back_with_time() -> None:
    credit = FrameCredit()
    for _ in range(int(BURST)):
        credit.take(100.0)
    assert all(credit.take(101.0) for _ in range(int(RATE)))
    assert not credit.take(101.0)


@given(st.lists(st.floats(0.0, 0.01), min_size=1, max_size=500))
def test_never_more_than_the_rate_and_a_burst(pauses: list[float]) -> None:
    credit, now, taken = FrameCredit(), 100.0, 0
    for pause in pauses:
        now += pause
        taken += sum(credit.take(now) for _ in range(20))
    assert taken <= BURST + (now - 100.0) * RATE + 1
