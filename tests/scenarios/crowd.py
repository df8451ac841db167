"""Many users at once, from one process: as little as a client can be."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection

from tests.scenarios.wire_client import open_websocket

# How many connect at the same time.
_PARALLEL = 50


async def enter(url: str, user: str) -> ClientConnection:
    """Connect one user, and return when the node has answered."""
    websocket = await open_websocket(url)
    await websocket.send(json.dumps({"type": "connect", "user": user}))
    assert json.loads(await websocket.recv())["type"] == "connected"
    return websocket


@asynccontextmanager
async def crowd(url: str, users: Sequence[str]) -> AsyncIterator[dict[str, ClientConnection]]:
    """Connect many users to one node; their connections are cut at the end."""
    slots = asyncio.Semaphore(_PARALLEL)
    open: dict[str, ClientConnection] = {}

    async def connect(user: str) -> None:
        async with slots:
            open[user] = await enter(url, user)

    try:
        async with asyncio.TaskGroup() as group:
            for user in users:
                group.create_task(connect(user))
        yield open
    finally:
        for websocket in open.values():
            websocket.transport.abort()
        await asyncio.gather(*(websocket.wait_closed() for websocket in open.values()))
