"""Nodes within the test's process, on the memory backends, and a plain client to talk to them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from cluster.frames import SUBPROTOCOL
from server.backends import Backends, MemoryWorld, memory_backends
from server.inbox import Inbox
from server.node import Node
from server.settings import NodeSettings

_WITHIN = 10.0


@asynccontextmanager
async def running(
    world: MemoryWorld | None = None,
    *,
    count: int = 1,
    wrap: Callable[[Inbox], Inbox] = lambda inbox: inbox,
    **settings: Any,
) -> AsyncIterator[list[Node]]:
    """Run `count` nodes that share a world.

    Args:
        world: what they share; None for a new one.
        count: how many.
        wrap: puts something around each node's inbox.
        settings: fields of `NodeSettings`; by default any free ports on the loopback interface.
    """
    world = world or MemoryWorld()
    chosen: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "admin_port": 0}
    chosen |= settings
    async with AsyncExitStack() as stack:
        nodes = []
        for _ in range(count):
            node = make_node(NodeSettings(**chosen), world, wrap)
            stack.push_async_callback(node.stop)
            await node.start()
            nodes.append(node)
        yield nodes


def make_node(
    settings: NodeSettings, world: MemoryWorld, wrap: Callable[[Inbox], Inbox] = lambda inbox: inbox
) -> Node:
    """Make a node that is not started yet."""
    node_id = str(uuid.uuid4())
    backends: Backends = memory_backends(settings, node_id, world)
    backends = dataclasses.replace(backends, inbox=wrap(backends.inbox))
    return Node(settings, backends, node_id)


def url_of(node: Node) -> str:
    """Return where a node's clients connect."""
    assert node.record is not None
    return node.record.url


class Client:
    """A client that does what it is told and no more: no acks, no reconnects."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, type: str, **fields: Any) -> None:
        """Send a frame; `sender` stands for nothing here: fields are those on the wire."""
        await self.socket.send(json.dumps({"type": type, **fields}))

    async def hear(self, within: float = _WITHIN) -> dict[str, Any]:
        """Return the next frame."""
        async with asyncio.timeout(within):
            frame: dict[str, Any] = json.loads(await self.socket.recv())
        return frame

    async def hear_many(self, count: int, within: float = _WITHIN) -> list[dict[str, Any]]:
        """Return the next frames."""
        async with asyncio.timeout(within):
            return [json.loads(await self.socket.recv()) for _ in range(count)]

    async def enter(self, user: str, **fields: Any) -> dict[str, Any]:
        """Connect as a user; return the `connected` frame."""
        await self.say("connect", user=user, **fields)
        frame = await self.hear()
        assert frame["type"] == "connected", frame
        return frame

    async def nothing_else(self) -> None:
        """Check that the node has nothing to say: the next frame is the answer to a ping."""
        await self.say("ping")
        assert await self.hear() == {"type": "pong"}

    async def end(self, within: float = _WITHIN) -> tuple[list[dict[str, Any]], int]:
        """Return the frames until the node closes the connection, and the close code."""
        frames: list[dict[str, Any]] = []
        async with asyncio.timeout(within):
            while True:
                try:
                    frames.append(json.loads(await self.socket.recv()))
                except ConnectionClosed as exc:
                    return frames, exc.rcvd.code if exc.rcvd else 1006


@asynccontextmanager
async def client(node: Node | str, user: str = "", **fields: Any) -> AsyncIterator[Client]:
    """Open a WebSocket to a node; connect as `user` if one is named."""
    url = node if isinstance(node, str) else url_of(node)
    protocols = [Subprotocol(SUBPROTOCOL)]
    async with connect(
        url, subprotocols=protocols, proxy=None, compression=None, close_timeout=1.0
    ) as socket:
        made = Client(socket)
        if user:
            await made.enter(user, **fields)
        yield made


async def fetch(node: Node, path: str) -> tuple[int, str]:
    """Ask the admin port; return status and body."""
    address = f"http://127.0.0.1:{node.admin_port}{path}"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return answer.status, await answer.text()


async def metric(node: Node, name: str, label: str = "") -> float:
    """Scrape one number from `/metrics`; 0 if it is not there.

    Args:
        node: whose.
        name: without `im_server_`.
        label: the value of its only label; empty if it has none.
    """
    _, text = await fetch(node, "/metrics")
    for line in text.splitlines():
        sample, _, value = line.rpartition(" ")
        bare, _, labels = sample.partition("{")
        if bare == f"im_server_{name}" and (not label or f'="{label}"' in labels):
            return float(value)
    return 0.0
