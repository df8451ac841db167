"""That each backend is an inbox; what one promises is in `tests/contract/test_inbox.py`."""

from collections.abc import Callable

import pytest

from server.inbox import Inbox, Position, Retention, Stored
from server.inbox_memory import MemoryInbox
from server.inbox_redis import RedisInbox
from server.memory_store import MemoryStore
from server.redis_stream import RedisStream


def _in_memory() -> Inbox:
    return MemoryInbox(MemoryStore())


def _in_redis() -> Inbox:
    return RedisInbox(RedisStream("redis://127.0.0.1"), "im")


@pytest.mark.parametrize("make", [_in_memory, _in_redis])
def test_there_is_no_epoch_before_the_store_has_told_it(make: Callable[[], Inbox]) -> None:
    assert make().epoch == ""


def test_what_is_stored_is_no_repetition_unless_it_says_so() -> None:
    assert not Stored(offset=1, head=1, nodes=()).repeated


def test_a_position_says_head_oldest_and_cursor_in_this_order() -> None:
    assert Position(3, 1, None) == Position(head=3, oldest=1, cursor=None)


def test_a_week_and_ten_thousand_messages_are_kept_unless_told_otherwise() -> None:
    assert Retention() == Retention(count=10_000, age=7 * 24 * 3600.0)
