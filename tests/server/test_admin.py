"""The admin port: health, readiness, metrics and presence over HTTP."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import Iterable

from cluster.errors import ServiceUnavailable
from server.backends import MemoryWorld
from server.directory_memory import MemoryDirectory
from server.node import Node
from server.settings import NodeSettings
from tests.server.embedded import client, fetch, make_node, metric, running


async def test_a_node_that_serves_is_healthy_and_ready() -> None:
    async with running() as [node], client(node, "alice"):
        assert await fetch(node, "/healthz") == (200, '{"healthy": true}')
        status, body = await fetch(node, "/readyz")
        assert status == 200
        assert json.loads(body) == {
            "ready": True,
            "node": node.node_id,
            "services": {},
            "degraded": [],
            "channels": 1,
            "draining": False,
        }


async def test_it_answers_before_the_node_is_ready() -> None:
    """A node may wait for its services for minutes: an orchestrator has to see why."""
    node = make_node(NodeSettings(host="127.0.0.1", port=0, admin_port=0), MemoryWorld())
    await node._admin.start()
    status, body = await fetch(node, "/readyz")
    assert (status, json.loads(body)["ready"]) == (503, False)
    assert (await fetch(node, "/healthz"))[0] == 200
    await node.stop()


async def test_metrics_show_counters_and_gauges() -> None:
    async with running() as [node], client(node, "alice") as alice:
        await alice.say("send", id="s-1", to="bob", body=1)
        await alice.hear()
        assert await metric(node, "received_total") == 1.0
        assert await metric(node, "stored_total") == 1.0
        assert await metric(node, "handshakes_total", "accepted") == 1.0
        assert await metric(node, "channels") == 1.0
        assert await metric(node, "users") == 1.0
        assert await metric(node, "ready") == 1.0
        assert await metric(node, "degraded") == 0.0
        assert await metric(node, "waiting") == 0.0


async def test_metrics_show_how_many_channels_there_may_be() -> None:
    async with running(max_connections=7) as [node]:
        assert await metric(node, "max_connections") == 7.0


async def test_presence_is_told() -> None:
    async with running(count=2) as [one, other], client(other, "bob"):
        status, body = await fetch(one, "/v1/presence/bob")
        answer = json.loads(body)
        assert (status, answer["user"], answer["online"]) == (200, "bob", True)
        assert list(answer["channels"].values()) == [other.node_id]
        _, body = await fetch(one, "/v1/presence/nobody%20here")
        assert json.loads(body) == {"user": "nobody here", "online": False, "channels": {}}


async def test_presence_of_a_name_that_may_not_be_used_is_refused() -> None:
    async with running() as [node]:
        assert (await fetch(node, "/v1/presence/a%00b"))[0] == 400


class AwayDirectory(MemoryDirectory):
    """A directory that does not answer."""

    async def lookup(self, users: Iterable[str]) -> list[dict[str, str]]:
        """See `Directory.lookup`."""
        raise ServiceUnavailable("Redis", "nowhere", "away, as the test wants it")


async def test_presence_without_a_directory_is_told_apart() -> None:
    world = MemoryWorld()
    node = make_node(NodeSettings(host="127.0.0.1", port=0, admin_port=0), world)
    backends = dataclasses.replace(node.backends, directory=AwayDirectory(world.store, "n1"))
    node = Node(node.settings, backends)
    await node.start()
    status, body = await fetch(node, "/v1/presence/bob")
    assert status == 503
    assert "cannot reach Redis" in json.loads(body)["error"]
    await node.stop()


async def test_without_a_port_there_is_none() -> None:
    async with running(admin_port=None) as [node]:
        assert node.admin_port is None


async def test_stopping_twice_does_no_harm() -> None:
    async with running() as [node]:
        await node._admin.stop()
        await node._admin.stop()
        assert node.admin_port is None


async def test_a_request_that_never_ends_does_not_hold_up_the_stop() -> None:
    """By itself aiohttp would wait for a minute, twice."""
    async with running() as [node]:
        assert node.admin_port is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", node.admin_port)
        writer.write(b"POST /v1/drain?within=x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        began = time.monotonic()
        await node.stop()
        assert time.monotonic() - began < 5.0
        writer.close()
