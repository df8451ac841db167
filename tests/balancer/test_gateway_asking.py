"""A node is asked, and whatever it does is an answer or one word for why there is none."""

from __future__ import annotations

import os
import resource

import pytest

from balancer import gateway_asking
from balancer.gateway_asking import Unanswered, ask, whole
from tests.balancer.gateway_nodes import SWITCHING, FakeNode
from tests.services import eventually, free_port

REQUEST = b"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_an_answer_and_what_stands_behind_it() -> None:
    async with FakeNode("a", SWITCHING + b"early").running() as node:
        answer = await ask("127.0.0.1", node.port, REQUEST)
        assert node.heads == [REQUEST]
        assert (answer.status, answer.headers) == (101, {"upgrade": "websocket"})
        assert answer.data == SWITCHING + b"early"
        answer.tcp.abort()


async def test_an_answer_that_ends_with_the_connection_is_read_whole() -> None:
    refusal = b"HTTP/1.1 404 Not Found\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50_000
    async with FakeNode("a", refusal).running() as node:
        answer = await ask("127.0.0.1", node.port, REQUEST)
        assert answer.status == 404
        assert await whole(answer) == refusal


@pytest.mark.parametrize(
    ("said", "reason"),
    [(b"\0\0garbage\r\n\r\n", "garbled"), (b"half", "closed"), (b"x" * 100_000, "closed")],
)
async def test_what_is_no_answer(said: bytes, reason: str) -> None:
    async with FakeNode("a", said).running() as node:
        with pytest.raises(Unanswered) as caught:
            await ask("127.0.0.1", node.port, REQUEST)
        assert caught.value.reason == reason
        await eventually(lambda: not node.open)


async def test_an_answer_on_a_connection_that_is_cut_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever took such a connection over would wait for its end for ever."""
    monkeypatch.setattr(gateway_asking, "_MOST_BYTES", 10)
    async with FakeNode("a", SWITCHING).running() as node:
        with pytest.raises(Unanswered, match="closed"):
            await ask("127.0.0.1", node.port, REQUEST)


async def test_a_node_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_asking, "ANSWER_WITHIN", 0.1)
    async with FakeNode("a", b"").running() as node:
        with pytest.raises(Unanswered, match="timeout"):
            await ask("127.0.0.1", node.port, REQUEST)
        await eventually(lambda: not node.open)


async def test_that_no_file_is_left_says_nothing_against_a_node() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        with pytest.raises(Unanswered, match="no_files"):
            await ask("127.0.0.1", 1, REQUEST)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_node_that_is_not_there() -> None:
    for host in ("127.0.0.1", "no..name"):
        with pytest.raises(Unanswered, match="refused"):
            await ask(host, free_port(), REQUEST)
