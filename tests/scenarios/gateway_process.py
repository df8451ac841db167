"""A gateway as a process of its own, and the light clients that it is crowded with."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from websockets.exceptions import WebSocketException

from scripts.stack.ports import free_port
from tests.scenarios.processes import Program, http_get, is_ready
from tests.scenarios.wire_client import open_websocket
from tests.services import eventually
from tests.services.stalls import pause

# Seconds that a light client waits before it tries again.
_PAUSE = 0.1


class GatewayProcess(Program):
    """`balancer gateway` on ports of its own; ready when the context is entered."""

    def __init__(self, folder: Path, hosts: str, cluster: str, *options: str) -> None:
        self.port, self.admin_port = free_port(), free_port()
        self.address = f"ws://127.0.0.1:{self.port}"
        self.url = f"{self.address}/ws"
        place = ("--listen", f"127.0.0.1:{self.port}", "--admin-port", str(self.admin_port))
        super().__init__(
            *(folder, f"gateway-{self.port}", "balancer", "gateway"),
            *("--zk", hosts, "--cluster", cluster, *place, *options),
        )

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await eventually(lambda: is_ready(self.admin_port), within=20.0)
        return self

    async def metric(self, sample: str) -> float:
        """Return a number of its; 0 if it is not there."""
        _, body = await http_get(self.admin_port, "/metrics")
        for line in body.decode().splitlines():
            name, _, value = line.rpartition(" ")
            if name == sample:
                return float(value)
        return 0.0


class LightClient:
    """A client that keeps a channel open, and does nothing else."""

    def __init__(self, url: str, user: str) -> None:
        self._url = url
        self._user = user
        # The incarnation of the node that holds its channel; empty while there is none.
        self.node = ""

    async def stay(self) -> None:
        """Connect, again and again, until cancelled."""
        while True:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                await self._connect_once()
            self.node = ""
            await pause(_PAUSE)

    async def _connect_once(self) -> None:
        websocket = await open_websocket(self._url)
        try:
            await websocket.send(json.dumps({"type": "connect", "user": self._user}))
            self.node = json.loads(await websocket.recv())["node"]
            async for _ in websocket:
                pass
        finally:
            websocket.transport.abort()


@contextlib.asynccontextmanager
async def crowd(url: str, count: int) -> AsyncIterator[list[LightClient]]:
    """Give so many light clients, all of which have a channel."""
    clients = [LightClient(url, f"light{n}") for n in range(count)]
    staying = [asyncio.create_task(client.stay()) for client in clients]
    try:
        await eventually(lambda: all(client.node for client in clients), within=60.0)
        yield clients
    finally:
        for task in staying:
            task.cancel()
        await asyncio.gather(*staying, return_exceptions=True)
