"""Tests of the failure memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.failures import FailureMemory


class Clock:
    """Monotonic time that passes when told to."""

    def __init__(self) -> None:
        # Seconds.
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> FailureMemory:
    return FailureMemory(clock)


def ejection(memory: FailureMemory, clock: Clock) -> float:
    """Return how long, to half a second, node a stays ejected."""
    begin = clock.now
    while memory.ejected("abcd"):
        clock.now += 0.5
    return clock.now - begin


def test_ejects_for_a_second_per_failure_in_a_row(memory: FailureMemory, clock: Clock) -> None:
    for expected in (1.0, 2.0, 3.0):
        memory.failed("a")
        assert ejection(memory, clock) == expected


def test_never_ejects_for_more_than_a_minute(memory: FailureMemory, clock: Clock) -> None:
    for _ in range(500):
        memory.failed("a")
    assert ejection(memory, clock) == 60.0


def test_a_success_clears_the_memory(memory: FailureMemory, clock: Clock) -> None:
    for _ in range(5):
        memory.failed("a")
    memory.succeeded("a")
    assert memory.ejected("abcd") == ()
    memory.failed("a")
    assert ejection(memory, clock) == 1.0


def test_an_old_failure_does_not_count(memory: FailureMemory, clock: Clock) -> None:
    memory.failed("a")
    clock.now += 62.0
    memory.failed("a")
    assert ejection(memory, clock) == 1.0


def test_ejects_at_most_half_and_the_worst(memory: FailureMemory) -> None:
    for name in "abbccc":
        memory.failed(name)
    assert set(memory.ejected("abcd")) == {"b", "c"}
    assert memory.ejected("acd") == ("c",)


def test_names_the_first_to_come_back_first(memory: FailureMemory) -> None:
    for name in "ccbbba":
        memory.failed(name)
    assert memory.ejected("abcdefg") == ("a", "c", "b")


def test_if_all_have_failed_none_is_ejected(memory: FailureMemory) -> None:
    for name in "abcc":
        memory.failed(name)
    assert memory.ejected("abc") == ()


def test_the_only_node_is_never_ejected(memory: FailureMemory) -> None:
    memory.failed("a")
    assert memory.ejected("a") == ()


def test_forgets_nodes_that_are_gone(memory: FailureMemory, clock: Clock) -> None:
    memory.failed("a")
    memory.retain({"b"})
    assert memory.ejected("abcd") == ()


@given(
    st.sets(st.text("abcdefgh", min_size=1, max_size=1)),
    st.lists(st.sampled_from("abcdefgh"), max_size=40),
)
def test_ejects_only_the_failed_and_never_more_than_half(
    present: set[str], failures: list[str]
) -> None:
    memory = FailureMemory(Clock())
    for name in failures:
        memory.failed(name)
    ejected = memory.ejected(present)
    assert set(ejected) <= present & set(failures)
    assert len(set(ejected)) == len(ejected) <= len(present) // 2
