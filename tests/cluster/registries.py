"""ZooKeeper as the tests of the registry need it: a session, a look from outside, an address."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from kazoo.client import KazooClient
from kazoo.exceptions import NotEmptyError

from cluster.address import parse_zookeeper
from cluster.registry_zookeeper import ZookeeperRegistry
from cluster.zookeeper import Zookeeper

NODES = "/im/nodes"


def make_registry(hosts: str, session_timeout: float = 6.0) -> ZookeeperRegistry:
    """Return a registry for the cluster `im`."""
    return ZookeeperRegistry(parse_zookeeper(hosts), "im", session_timeout=session_timeout)


@asynccontextmanager
async def opened_registry(
    hosts: str, session_timeout: float = 6.0
) -> AsyncIterator[ZookeeperRegistry]:
    """Give a connected registry and close it."""
    registry = make_registry(hosts, session_timeout)
    try:
        await registry.connect(10.0)
        yield registry
    finally:
        await registry.close()


@asynccontextmanager
async def opened_session(hosts: str, session_timeout: float = 6.0) -> AsyncIterator[Zookeeper]:
    """Give a connected session and close it."""
    zookeeper = Zookeeper(parse_zookeeper(hosts), session_timeout)
    zookeeper.start()
    try:
        await zookeeper.wait_connected(10.0)
        yield zookeeper
    finally:
        await zookeeper.close()


@asynccontextmanager
async def listening_ports(count: int) -> AsyncIterator[list[int]]:
    """Give ports on which somebody accepts connections, as living nodes do."""
    async with AsyncExitStack() as stack:
        ports = []
        for _ in range(count):
            server = await asyncio.start_server(
                lambda _reader, writer: writer.close(), "127.0.0.1", 0
            )
            await stack.enter_async_context(server)
            ports.append(server.sockets[0].getsockname()[1])
        yield ports


async def holds(condition: Callable[[], bool], seconds: float) -> None:
    """Look for so many seconds whether `condition` is true all the time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        assert condition()
        await asyncio.sleep(0.01)


class Inspector:
    """Looks at the znodes and meddles with them, by kazoo's own calls."""

    def __init__(self, hosts: str) -> None:
        self._client = KazooClient(
            hosts, timeout=30, connection_retry={"max_tries": -1, "max_delay": 1}
        )

    async def start(self) -> None:
        """Connect."""
        await asyncio.to_thread(self._client.start)
        await asyncio.to_thread(self._client.ensure_path, "/")

    async def stop(self) -> None:
        """End the session."""
        await asyncio.to_thread(self._client.stop)
        await asyncio.to_thread(self._client.close)

    async def znodes(self) -> dict[str, int]:
        """Return the names of what stands among the nodes, each with the session that owns it."""
        return await asyncio.to_thread(self._znodes)

    def _znodes(self) -> dict[str, int]:
        if not self._client.exists(NODES):
            return {}
        stats = {
            name: self._client.exists(f"{NODES}/{name}")
            for name in self._client.get_children(NODES)
        }
        return {name: stat.ephemeralOwner for name, stat in stats.items() if stat}

    async def put(self, name: str, data: bytes, *, ephemeral: bool = True) -> None:
        """Create a znode among the nodes."""
        await asyncio.to_thread(
            self._client.create, f"{NODES}/{name}", data, ephemeral=ephemeral, makepath=True
        )

    async def put_many(self, znodes: dict[str, bytes]) -> None:
        """Create many ephemeral znodes at once."""

        def put_all() -> None:
            self._client.ensure_path(NODES)
            items = list(znodes.items())
            # Not all at once: kazoo's socket pair takes 278 unread wake-ups.
            for start in range(0, len(items), 100):
                made = [
                    self._client.create_async(f"{NODES}/{name}", data, ephemeral=True)
                    for name, data in items[start : start + 100]
                ]
                for each in made:
                    each.get(timeout=30)

        await asyncio.to_thread(put_all)

    async def write(self, name: str, data: bytes) -> None:
        """Replace what a znode among the nodes holds."""
        await asyncio.to_thread(self._client.set, f"{NODES}/{name}", data)

    async def read(self, name: str) -> bytes:
        """Return what a znode among the nodes holds."""
        data, _stat = await asyncio.to_thread(self._client.get, f"{NODES}/{name}")
        return bytes(data)

    async def delete(self, path: str) -> None:
        """Delete a znode and all below it, also what a watcher makes of it anew meanwhile."""
        await asyncio.to_thread(self._delete, path)

    def _delete(self, path: str) -> None:
        while True:
            try:
                self._client.delete(path, recursive=True)
            except NotEmptyError:
                continue
            return


@asynccontextmanager
async def inspector(hosts: str) -> AsyncIterator[Inspector]:
    """Give an inspector with a session of its own."""
    made = Inspector(hosts)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
