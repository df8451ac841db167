"""What a scenario looks at from outside: memory, readiness, metrics, presence, the directory."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import redis.asyncio as redis

from server.redis_keys import RedisKeys
from tests.scenarios.processes import NodeProcess, http_get
from tests.services import eventually

_EVERY = 0.1


def rss_bytes(pid: int) -> int:
    """Return how much memory a process has resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * next(
        int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")
    )


def kept_waiting(pid: int) -> float:
    """Return the seconds so far in which a process could have run and others had the processors.

    Linux counts them for the main thread, where an event loop runs; elsewhere it is 0.
    """
    try:
        _running, waiting, _slices = Path(f"/proc/{pid}/schedstat").read_text().split()
    except OSError:
        return 0.0
    return int(waiting) / 1e9


class Memory:
    """The memory of one node: at the beginning and at most."""

    def __init__(self, node: NodeProcess) -> None:
        self._pid = node.pid
        self.begin_bytes = self.most_bytes = rss_bytes(node.pid)

    def look(self) -> None:
        """Take the present value into account."""
        self.most_bytes = max(self.most_bytes, rss_bytes(self._pid))

    @property
    def grown_mb(self) -> float:
        """By how much it has grown, in MB."""
        return round((self.most_bytes - self.begin_bytes) / 1e6, 1)


@asynccontextmanager
async def memory_of(node: NodeProcess) -> AsyncIterator[Memory]:
    """Watch the memory of a node while the block runs."""
    memory = Memory(node)
    over = asyncio.Event()

    async def watch() -> None:
        while not over.is_set():
            memory.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), _EVERY)

    watching = asyncio.create_task(watch())
    try:
        yield memory
    finally:
        over.set()
        await watching


async def readiness(node: NodeProcess) -> dict[str, Any]:
    """Return what /readyz says, whatever its status."""
    _, body = await http_get(node.admin_port, "/readyz")
    answer: dict[str, Any] = json.loads(body)
    return answer


async def degraded(node: NodeProcess) -> list[str]:
    """Return the services that a node calls away, as /readyz says."""
    answer: list[str] = (await readiness(node))["degraded"]
    return answer


async def metric(node: NodeProcess, name: str, label: str = "") -> float:
    """Return a number of a node's /metrics; 0 if it is not there.

    Args:
        node: the node.
        name: without `im_server_`, with `_total` if it is a counter.
        label: the value of the metric's label, if it has one.
    """
    _, body = await http_get(node.admin_port, "/metrics")
    for line in body.decode().splitlines():
        head, _, value = line.rpartition(" ")
        found, _, labels = head.partition("{")
        if found == f"im_server_{name}" and (not label or f'"{label}"' in labels):
            return float(value)
    return 0.0


async def is_online(node: NodeProcess, user: str) -> bool:
    """Ask a node's admin port whether a user is connected."""
    status, body = await http_get(node.admin_port, f"/v1/presence/{user}")
    assert status == 200, body
    answer: bool = json.loads(body)["online"]
    return answer


class Shelves:
    """The directory in Redis, read past the nodes."""

    def __init__(self, client: "redis.Redis", cluster: str) -> None:
        self._redis = client
        self._cluster = cluster
        self._keys = RedisKeys(cluster)

    async def incarnations(self) -> set[str]:
        """Return the nodes that are entered."""
        return {str(node) for node in await self._redis.smembers(self._keys.nodes)}

    async def users_of(self, node_id: str) -> set[str]:
        """Return the users that are entered for a node."""
        return {str(user) for user in await self._redis.smembers(self._keys.node(node_id))}

    async def channels_of(self, user: str) -> dict[str, str]:
        """Return channel_id → node_id of a user."""
        entries = await self._redis.hgetall(self._keys.channels(user))
        return {str(channel): str(node) for channel, node in entries.items()}

    async def all_channels(self) -> dict[str, set[str]]:
        """Return the key of every user's channels → the nodes they are on."""
        keys = [key async for key in self._redis.scan_iter(f"{self._cluster}:*:channels", 5000)]
        found = await asyncio.gather(*(self._redis.hvals(key) for key in keys))
        return {
            str(key): {str(node) for node in nodes} for key, nodes in zip(keys, found, strict=True)
        }

    async def inbox_length(self, user: str) -> int:
        """Return how many messages wait for a user."""
        return int(await self._redis.xlen(self._keys.inbox(user)))

    async def head(self, user: str) -> int:
        """Return a user's last offset."""
        return int(await self._redis.get(self._keys.head(user)) or 0)


@asynccontextmanager
async def shelves_in(url: str, cluster: str) -> AsyncIterator[Shelves]:
    """Look into the store of a cluster."""
    pool = redis.BlockingConnectionPool.from_url(url, max_connections=32, decode_responses=True)
    client = redis.Redis(connection_pool=pool)
    try:
        yield Shelves(client, cluster)
    finally:
        await client.aclose()
        await pool.aclose()


async def holds(condition: Callable[[], Any], lasting: float) -> None:
    """Return when a condition has held for so many seconds.

    Raises:
        AssertionError: it did not, at one moment of them.
    """
    began = time.monotonic()

    async def over() -> bool:
        assert await condition()
        return time.monotonic() - began >= lasting

    await eventually(over, within=lasting + 5.0)
