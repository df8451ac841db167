"""Acknowledgements are cumulative, soon, few, and never of what was not handled."""

from hypothesis import given
from hypothesis import strategies as st

from client_sdk.acks import Acks


def test_nothing_to_say_at_first() -> None:
    acks = Acks()
    assert acks.wait(0.0) is None
    assert acks.take(0.0) is None


def test_the_first_after_a_pause_is_due_at_once() -> None:
    acks = Acks(every=64, interval=0.2)
    acks.handled(5)
    assert acks.wait(10.0) == 0.0
    assert acks.take(10.0) == 5
    assert acks.wait(10.0) is None
    acks.handled(6)
    assert acks.wait(10.2) == 0.0


def test_those_that_follow_share_one() -> None:
    acks = Acks(every=64, interval=0.2)
    acks.handled(5)
    acks.take(10.0)
    acks.handled(6)
    acks.handled(7)
    assert round(acks.wait(10.1) or 0, 6) == 0.1
    assert acks.wait(10.2) == 0.0
    assert acks.take(10.2) == 7


def test_due_after_so_many() -> None:
    acks = Acks(every=3, interval=60.0)
    acks.handled(1)
    acks.take(0.0)
    for offset in (2, 3):
        acks.handled(offset)
    assert acks.wait(0.0) == 60.0
    acks.handled(4)
    assert acks.wait(0.0) == 0.0


def test_never_goes_back() -> None:
    acks = Acks()
    acks.handled(5)
    acks.handled(4)
    assert acks.take(0.0) == 5


def test_a_new_channel_hears_it_again_at_once() -> None:
    acks = Acks()
    acks.handled(5)
    acks.take(1.0)
    acks.repeat()
    assert acks.wait(1.0) == 0.0
    assert acks.take(1.0) == 5


def test_offsets_that_start_anew() -> None:
    acks = Acks()
    acks.handled(50)
    acks.restart()
    assert acks.take(0.0) is None
    acks.handled(1)
    assert acks.take(0.0) == 1


# In ticks of 1/64 s, which floats hold exactly.
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 20)), max_size=50))
def test_the_last_word_is_the_largest_and_none_is_late(steps: list[tuple[int, int]]) -> None:
    acks, said, now = Acks(every=4, interval=0.25), list[int](), 0.0
    for offset, ticks in steps:
        wait = acks.wait(now)
        if wait is not None and wait <= ticks / 64:
            said.append(acks.take(now + wait) or 0)
        now += ticks / 64
        acks.handled(offset)
        wait = acks.wait(now)
        assert wait is None or 0.0 <= wait <= 0.25
    if (last := acks.take(now)) is not None:
        said.append(last)
    assert said == sorted(set(said))
    assert (said[-1] if said else 0) == max((offset for offset, _ in steps), default=0)
