"""Listeners are told in order, and one that fails harms nobody."""

import pytest

from cluster.listeners import Listeners


def test_all_are_told_in_order() -> None:
    listeners, told = Listeners[int](), list[tuple[str, int]]()
    listeners.add(lambda value: told.append(("first", value)))
    listeners.add(lambda value: told.append(("second", value)))
    listeners.tell(1)
    assert told == [("first", 1), ("second", 1)]


def test_the_same_function_twice_is_told_twice_and_removed_once() -> None:
    listeners, told = Listeners[int](), list[int]()
    listeners.add(told.append)
    remove = listeners.add(told.append)
    listeners.tell(1)
    remove()
    remove()
    listeners.tell(2)
    assert told == [1, 1, 2]


def test_a_failure_is_logged_and_reaches_nobody(caplog: pytest.LogCaptureFixture) -> None:
    listeners, told = Listeners[int](), list[int]()

    def fail(value: int) -> None:
        raise ValueError(value)

    listeners.add(fail)
    listeners.add(told.append)
    listeners.tell(7)
    assert told == [7]
    assert "a listener failed" in caplog.text


def test_one_that_another_removes_is_not_told_any_more() -> None:
    listeners, told = Listeners[int](), list[int]()
    listeners.add(lambda _value: remove())
    remove = listeners.add(told.append)
    listeners.tell(1)
    assert told == []


def test_clear_forgets_all() -> None:
    listeners, told = Listeners[int](), list[int]()
    listeners.add(told.append)
    listeners.clear()
    listeners.tell(1)
    assert told == []
