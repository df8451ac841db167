"""That each backend is a directory; what one promises is in `tests/contract/test_directory.py`."""

from collections.abc import Callable

import pytest

from server.directory import Directory, nodes_of
from server.directory_memory import MemoryDirectory
from server.directory_redis import RedisDirectory
from server.memory_store import MemoryStore
from server.redis_stream import RedisStream


def _in_memory() -> Directory:
    return MemoryDirectory(MemoryStore(), "n")


def _in_redis() -> Directory:
    return RedisDirectory(RedisStream("redis://127.0.0.1"), "im", "n")


# The annotations of these let mypy compare the signatures.
@pytest.mark.parametrize("make", [_in_memory, _in_redis])
async def test_asking_for_nobody_asks_no_service(make: Callable[[], Directory]) -> None:
    assert await make().lookup([]) == []


def test_each_node_of_a_user_counts_once() -> None:
    assert nodes_of({"c1": "a", "c2": "b", "c3": "a"}) == ("a", "b")
    assert nodes_of({}) == ()
