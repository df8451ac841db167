"""`/v1/status` on the admin port: what is told of a node."""

from __future__ import annotations

from typing import Any

import aiohttp

from server.node import Node
from server.settings import NodeSettings
from server.status import status_of
from tests.server.embedded import client, running
from tests.services import eventually


async def ask(node: Node) -> dict[str, Any]:
    """Return what the admin port tells."""
    url = f"http://127.0.0.1:{node.admin_port}/v1/status"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        body: dict[str, Any] = await answer.json()
        return body


async def test_it_tells_who_is_connected_and_what_was_carried() -> None:
    async with (
        running() as [node],
        client(node, "alice", device="phone") as alice,
        client(node, "bob"),
    ):
        await alice.say("send", id="s-1", to="bob", body="hello")
        assert (await alice.hear())["type"] == "sent"
        body = await ask(node)
        assert body["node"] == node.node_id
        assert (body["state"], body["ready"], body["degraded"]) == ("up", True, [])
        assert (body["channels"], body["users"]) == (2, 2)
        assert (body["received"], body["stored"]) == (1, 1)
        assert body["sample"] == [
            {"user": "alice", "device": "phone"},
            {"user": "bob", "device": "default"},
        ]
        assert body["uptime"] > 0


async def test_its_uptime_grows() -> None:
    async with running() as [node]:
        first = (await ask(node))["uptime"]

        async def grown() -> bool:
            return bool((await ask(node))["uptime"] > first)

        # It is told in whole milliseconds.
        await eventually(grown)


async def test_a_node_that_drains_says_so() -> None:
    async with running(count=2) as [node, _other], client(node, "alice"):
        node.drain.begin(60.0)
        body = await ask(node)
        assert (body["state"], body["ready"]) == ("draining", False)


async def test_the_sample_is_bounded() -> None:
    async with running() as [node], client(node, "alice"), client(node, "bob"):
        body = status_of(node, 1.0, sample=1)
        assert (body["sample"], body["users"]) == ([{"user": "alice", "device": "default"}], 2)


async def test_a_node_that_has_not_started_is_not_ready() -> None:
    node = Node(NodeSettings())
    body = status_of(node, 0.0)
    assert (body["ready"], body["services"], body["sample"]) == (False, {}, [])
    await node.stop()
