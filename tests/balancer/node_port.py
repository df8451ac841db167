"""A node's admin port as the balancer sees it, led by the hand of a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from cluster.record import NodeRecord
from tests.balancer.nodes import node


class NodePort:
    """Answers `/v1/status` and `/v1/drain` as a node does; counts what it was asked."""

    def __init__(self, node_id: str) -> None:
        # What it answers; a test may change it.
        self.status: dict[str, Any] = {
            "node": node_id,
            "uptime": 5.0,
            "state": "up",
            "ready": True,
            "services": {"Redis": True},
            "degraded": [],
            "channels": 2,
            "users": 1,
            "received": 3,
            "stored": 3,
            "delivered": 3,
            "replayed": 0,
            "sample": [{"user": "alice", "device": "phone"}],
        }
        self.refusal: str | None = None
        # How often the status was asked for, and with how many seconds each drain was begun.
        self.asked = 0
        self.drained: list[float] = []
        # Its record; set when it listens.
        self.record = node(node_id)

    @property
    def app(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.router.add_get("/v1/status", self._status)
        app.router.add_get("/v1/drain", self._tell)
        app.router.add_post("/v1/drain", self._drain)
        return app

    async def _status(self, _request: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response(self.status)

    async def _tell(self, _request: web.Request) -> web.Response:
        return web.json_response({"node": self.status["node"], "draining": False})

    async def _drain(self, request: web.Request) -> web.Response:
        if self.refusal is not None:
            return web.json_response({"error": self.refusal}, status=409)
        self.drained.append(float(request.query["within"]))
        body = {"node": self.status["node"], "draining": True}
        return web.json_response(body, status=202)


@asynccontextmanager
async def node_port(node_id: str) -> AsyncIterator[NodePort]:
    """Let a node's admin port answer."""
    port = NodePort(node_id)
    async with TestServer(port.app) as server:
        port.record = with_admin(port.record, server.port)
        yield port


def with_admin(record: NodeRecord, port: int | None) -> NodeRecord:
    """Return a record with an admin port on this machine."""
    return msgspec.structs.replace(record, admin=f"127.0.0.1:{port}")
