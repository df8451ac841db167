"""The life of a node as a process: what signals do to it, and what a drain does."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.lifetime import live
from server.node import Node
from server.settings import NodeSettings
from tests.cluster.records import make_record
from tests.server.embedded import client
from tests.services.eventually import eventually

LOCAL: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "admin_port": 0}


class Life:
    """One node that lives as `server start` lets it, within this process."""

    def __init__(self) -> None:
        self._living: asyncio.Task[None] | None = None

    async def begin(self, *, others: int = 1, **settings: Any) -> Node:
        """Run a node that sees so many others; return it when it serves."""
        node = Node(NodeSettings(**(LOCAL | settings)))
        self._living = asyncio.create_task(live(node))
        await eventually(lambda: node.ready)
        for number in range(others):
            await node.backends.registry.register(make_record(port=7001 + number))
        await eventually(lambda: len(node.snapshot().records) == 1 + others)
        return node

    @property
    def over(self) -> bool:
        """Whether the node has stopped."""
        return self._living is not None and self._living.done()

    async def end(self) -> None:
        """Wait for the end, and put the handling of signals back."""
        assert self._living is not None
        await asyncio.wait_for(self._living, 15)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        gc.unfreeze()


@pytest.fixture
async def life() -> AsyncIterator[Life]:
    """A node's life, which is over when the test is."""
    made = Life()
    yield made
    await made.end()


async def post_drain(node: Node, within: float) -> None:
    """Ask the admin port for a drain."""
    url = f"http://127.0.0.1:{node.admin_port}/v1/drain?within={within}"
    async with aiohttp.ClientSession() as session, session.post(url) as answer:
        assert answer.status == 202


async def test_it_stops_on_a_signal(life: Life, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await life.begin(others=0)
        signal.raise_signal(signal.SIGTERM)
        await life.end()
    assert "stopping on SIGTERM" in caplog.text


async def test_what_is_there_at_the_start_is_never_collected(life: Life) -> None:
    assert gc.get_freeze_count() == 0
    await life.begin(others=0)
    assert gc.get_freeze_count() > 10_000
    signal.raise_signal(signal.SIGTERM)


async def test_a_signal_drains_it_first(life: Life) -> None:
    node = await life.begin(drain_within=60.0)
    async with client(node, "alice") as alice:
        signal.raise_signal(signal.SIGTERM)
        frame = await alice.hear()
        assert frame["type"] == "move"
        assert node.drain.begun
        assert not life.over
        await alice.say("send", id="s-1", to="bob", body=1)
        assert (await alice.hear())["type"] == "sent", "until then everything works"
    await life.end()


async def test_whoever_does_not_go_is_sent_away_in_the_end(life: Life) -> None:
    node = await life.begin(drain_within=0.5)
    async with client(node, "alice") as alice:
        signal.raise_signal(signal.SIGINT)
        frames, code = await alice.end()
    assert [frame["type"] for frame in frames] == ["move"]
    assert code == 4000


@pytest.mark.parametrize(("others", "within"), [(0, 60.0), (1, 0.0)])
async def test_with_nowhere_to_go_or_no_time_it_stops_at_once(
    life: Life, others: int, within: float
) -> None:
    node = await life.begin(others=others, drain_within=within)
    async with client(node, "alice") as alice:
        signal.raise_signal(signal.SIGTERM)
        assert await alice.end() == ([], 4000)
    await life.end()


async def test_the_process_ends_after_a_drain_that_was_asked_for(life: Life) -> None:
    node = await life.begin()
    async with client(node, "alice") as alice:
        await post_drain(node, 60.0)
        assert (await alice.hear())["type"] == "move"
        assert not life.over
    await life.end()


async def test_a_signal_cuts_such_a_drain_short(life: Life) -> None:
    node = await life.begin(drain_within=60.0)
    async with client(node, "alice") as alice:
        await post_drain(node, 60.0)
        assert (await alice.hear())["type"] == "move"
        signal.raise_signal(signal.SIGTERM)
        assert (await alice.end())[1] == 4000
    await life.end()
