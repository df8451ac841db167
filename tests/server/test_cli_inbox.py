"""`server inbox`: what waits for a user, in tables or as JSON."""

from __future__ import annotations

import json

import pytest

from server.inbox_redis import RedisInbox
from server.redis_stream import RedisStream
from tests.server.registered import call
from tests.server.test_redis_look import Shelf
from tests.services import free_port


@pytest.fixture
async def filled(redis_url: str, cluster_name: str) -> tuple[str, ...]:
    """Give the options that lead to a store in which 12 messages wait for bob's phone."""
    stream = RedisStream(redis_url, call_timeout=10.0)
    shelf = Shelf(stream, cluster_name)
    assert isinstance(shelf.inbox, RedisInbox)
    await stream.open()
    await shelf.inbox.open()
    await shelf.inbox.position("bob", "phone")
    await shelf.directory.add("bob", "c1")
    await shelf.fill(12)
    await stream.close()
    return ("--redis", redis_url, "--cluster", cluster_name)


async def test_the_tables_show_what_matters(filled: tuple[str, ...]) -> None:
    answer = await call("inbox", "bob", *filled, "--messages", "2")
    assert answer.exit_code == 0, answer.output
    for words in ("12, the last offset", "phone", "c1", "2 of 12 waiting", "alice", "s-1", "s-2"):
        assert words in answer.output
    assert "s-3" not in answer.output
    assert "[1]" not in answer.output, "bodies are private"
    assert "[1]" in (await call("inbox", "bob", *filled, "--bodies")).output


async def test_json_has_everything(filled: tuple[str, ...]) -> None:
    found = json.loads((await call("inbox", "bob", *filled, "--json")).output)
    assert (found["user"], found["head"], found["kept"]) == ("bob", 12, 12)
    assert (found["cursors"], found["channels"]) == ({"phone": 0}, {"c1": "n1"})
    assert len(found["page"]) == 10
    assert found["page"][0]["body"] is None
    found = json.loads((await call("inbox", "bob", *filled, "--json", "--bodies")).output)
    assert found["page"][0]["body"] == [1]


async def test_somebody_whom_nobody_knows(redis_url: str, cluster_name: str) -> None:
    answer = await call("inbox", "bob", "--redis", redis_url, "--cluster", cluster_name)
    assert answer.exit_code == 0
    assert "bob: never connected, and nobody ever wrote" in answer.output


async def test_without_redis_it_says_how_to_get_one() -> None:
    answer = await call("inbox", "bob", "--redis", f"redis://127.0.0.1:{free_port()}")
    assert answer.exit_code == 1
    assert "scripts/services up redis" in answer.output


async def test_a_name_that_is_none_is_refused() -> None:
    answer = await call("inbox", "{bob}")
    assert answer.exit_code == 2
    assert "braces" in answer.output
