"""What a node asks of a client, played by scripted nodes on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cluster import frames
from tests.client_sdk.node import ScriptedNode
from tests.client_sdk.store import Store
from tests.client_sdk_js.process import JsClient
from tests.services import eventually


@pytest.fixture
async def nodes() -> AsyncIterator[list[ScriptedNode]]:
    """Give two running nodes of one cluster."""
    store, peers = Store(), list[ScriptedNode]()
    for name in ("a", "b"):
        await ScriptedNode(store, name, peers).start()
    yield peers
    for node in peers:
        await node.stop()


async def test_moves_without_losing_or_doubling(nodes: list[ScriptedNode], tmp_path: Path) -> None:
    a, b = nodes
    async with JsClient(a.url, tmp_path / "memory", user="bob") as bob:
        a.put("bob", "1", "2")
        await eventually(lambda: bob.got == ["1", "2"])
        sending = asyncio.create_task(bob.send("alice", range(50)))
        await a.say(frames.Move(url=b.url, within=0.2))
        await sending
        await eventually(lambda: len(b.channels) == 1 and not a.channels, within=10.0)
        b.put("bob", "3")
        await eventually(lambda: bob.got == ["1", "2", "3"])
        assert len(a.store.inboxes["alice"].tails) == 50
        assert await bob.url() == b.url
        assert "disconnected" not in bob.events


async def test_everything_again_after_a_cut(nodes: list[ScriptedNode], tmp_path: Path) -> None:
    a, b = nodes
    async with JsClient(f"{a.url},{b.url}", tmp_path / "memory", user="bob") as bob:
        here = next(node for node in nodes if node.channels)
        here.keep_sent_back = True
        there = b if here is a else a
        sending = asyncio.create_task(bob.send("alice", range(50)))
        await eventually(lambda: len(here.sends) == 50)
        await here.kill()
        await sending
        assert [send.id for send in there.sends] == [send.id for send in here.sends]
        assert len(a.store.inboxes["alice"].tails) == 50
