"""`/v1/drain` on the admin port: how a node is told to drain, and how far it is."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from server.admin_drain import DEFAULT_WITHIN, MAX_WITHIN, read_within
from server.backends import MemoryWorld
from server.node import Node
from server.settings import NodeSettings
from tests.server.embedded import client, make_node, running


async def ask(
    node: Node, method: str, query: str = "", **headers: str
) -> tuple[int, dict[str, Any]]:
    """Make a request to `/v1/drain`; return status and body."""
    url = f"http://127.0.0.1:{node.admin_port}/v1/drain{query}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_it_begins_a_drain_and_tells_how_far_it_is() -> None:
    async with running(count=2) as [node, _other], client(node, "alice") as alice:
        nothing = {"draining": False, "within": 0.0, "channels": 1, "told": 0}
        assert await ask(node, "GET") == (200, {"node": node.node_id, **nothing})
        status, body = await ask(node, "POST", "?within=60")
        assert (status, body["draining"], body["channels"]) == (202, True, 1)
        assert 50.0 < body["within"] <= 60.0
        assert (await alice.hear())["type"] == "move"
        status, body = await ask(node, "GET")
        assert (status, body["draining"], body["told"]) == (200, True, 1)


async def test_a_second_request_changes_nothing() -> None:
    async with running(count=2) as [node, _other], client(node, "alice"):
        await ask(node, "POST", "?within=60")
        status, body = await ask(node, "POST", "?within=0")
        assert (status, body["draining"]) == (202, True)
        assert body["within"] > 50.0


@pytest.mark.parametrize("within", ["soon", "-1", "nan", "inf", "1e9", ""])
async def test_a_time_that_makes_no_sense_is_refused(within: str) -> None:
    async with running() as [node]:
        status, body = await ask(node, "POST", f"?within={within}")
        assert (status, "within" in body["error"]) == (400, True)
        assert not node.drain.begun


def test_a_time_is_read() -> None:
    assert read_within(None) == DEFAULT_WITHIN
    assert read_within("0") == 0.0
    assert read_within("2.5") == 2.5
    assert read_within(str(MAX_WITHIN)) == MAX_WITHIN


async def test_a_browser_cannot_drain_a_node_by_a_page_of_somebody_else() -> None:
    async with running() as [node]:
        status, _ = await ask(node, "POST", Origin="https://evil.example")
        assert status == 403
        assert not node.drain.begun


async def test_a_node_that_is_not_complete_has_nothing_to_drain() -> None:
    node = make_node(NodeSettings(host="127.0.0.1", port=0, admin_port=0), MemoryWorld())
    await node._admin.start()
    assert (await ask(node, "POST"))[0] == 409
    assert not node.drain.begun
    await node.stop()
