"""Which publishes are unconfirmed, and since when."""

from hypothesis import given
from hypothesis import strategies as st

from server.bus_rabbitmq_window import ConfirmWindow


def filled(count: int, limit: int = 10) -> ConfirmWindow:
    window = ConfirmWindow(limit)
    for number in range(1, count + 1):
        window.published(float(number))
    return window


def test_an_empty_window_has_no_age() -> None:
    window = ConfirmWindow(2)
    assert len(window) == 0
    assert window.age(100.0) == 0.0
    assert not window.full


def test_it_is_full_at_its_limit() -> None:
    assert not filled(9).full
    assert filled(10).full


def test_one_confirm_ticks_off_one() -> None:
    window = filled(3)
    window.confirmed(2, up_to=False)
    assert len(window) == 2
    assert window.age(5.0) == 4.0
    window.confirmed(1, up_to=False)
    assert window.age(5.0) == 2.0


def test_a_confirm_up_to_a_number_ticks_off_all_before_it() -> None:
    window = filled(5)
    window.confirmed(3, up_to=True)
    assert len(window) == 2
    assert window.age(6.0) == 2.0


def test_unknown_and_repeated_confirms_are_ignored() -> None:
    window = filled(2)
    for _ in range(2):
        window.confirmed(1, up_to=False)
        window.confirmed(99, up_to=False)
    assert len(window) == 1
    window.confirmed(99, up_to=True)
    assert len(window) == 0


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=40))
def test_it_agrees_with_a_plain_set(confirms: list[tuple[int, bool]]) -> None:
    window, expected = filled(30, limit=30), set(range(1, 31))
    for number, up_to in confirms:
        window.confirmed(number, up_to)
        expected -= set(range(1, number + 1)) if up_to else {number}
        assert len(window) == len(expected)
        assert window.age(31.0) == (31.0 - min(expected) if expected else 0.0)
