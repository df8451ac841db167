"""Acknowledgements are cumulative, few, and never of what was not handled."""

from hypothesis import given
from hypothesis import strategies as st

from client_sdk.acks import Acks


def test_nothing_to_say_at_first() -> None:
    acks = Acks()
    assert acks.wait(0.0) is None
    assert acks.take() is None


def test_due_after_the_interval() -> None:
    acks = Acks(every=64, interval=0.2)
    acks.handled(5, now=10.0)
    acks.handled(6, now=10.1)
    assert round(acks.wait(10.1) or 0, 6) == 0.1
    assert acks.wait(10.3) == 0.0
    assert acks.take() == 6
    assert acks.wait(10.3) is None


def test_due_after_so_many() -> None:
    acks = Acks(every=3, interval=60.0)
    for offset in (1, 2):
        acks.handled(offset, now=0.0)
    assert acks.wait(0.0) == 60.0
    acks.handled(3, now=0.0)
    assert acks.wait(0.0) == 0.0


def test_never_goes_back() -> None:
    acks = Acks()
    acks.handled(5, now=0.0)
    acks.handled(4, now=0.0)
    assert acks.take() == 5


def test_a_new_channel_hears_it_again() -> None:
    acks = Acks()
    acks.handled(5, now=0.0)
    acks.take()
    acks.repeat()
    assert acks.wait(1.0) == 0.0
    assert acks.take() == 5


def test_offsets_that_start_anew() -> None:
    acks = Acks()
    acks.handled(50, now=0.0)
    acks.restart()
    assert acks.take() is None
    acks.handled(1, now=0.0)
    assert acks.take() == 1


@given(st.lists(st.integers(1, 50), max_size=50))
def test_the_last_word_is_the_largest(offsets: list[int]) -> None:
    acks, said = Acks(every=4), list[int]()
    for offset in offsets:
        acks.handled(offset, now=0.0)
        if acks.wait(0.0) == 0.0:
            said.append(acks.take() or 0)
    if (last := acks.take()) is not None:
        said.append(last)
    assert said == sorted(set(said))
    assert (said[-1] if said else 0) == max(offsets, default=0)
