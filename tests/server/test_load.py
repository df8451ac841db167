"""When a node's record is written anew."""

import pytest

from server.load import LOAD_INTERVAL, SMALL_CHANGE_AFTER, worth_writing


@pytest.mark.parametrize(
    ("load", "written", "at_once", "after_a_while"),
    [
        (0, 0, False, False),
        (1, 0, True, True),
        (0, 1, True, True),
        (111, 100, True, True),
        (89, 100, True, True),
        (109, 100, False, True),
        (91, 100, False, True),
        (102, 100, False, False),
        (98, 100, False, False),
        (11, 10, False, True),
    ],
)
def test_large_changes_at_once_and_small_ones_after_a_while(
    load: int, written: int, at_once: bool, after_a_while: bool
) -> None:
    assert worth_writing(load, written, LOAD_INTERVAL) is at_once
    assert worth_writing(load, written, SMALL_CHANGE_AFTER) is after_a_while
