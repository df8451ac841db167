"""The znodes of a cluster's nodes, read past the registry."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError

from cluster.members import Member, arrange, read_member, records_of
from cluster.record import parse_znode_name

States = Callable[[], Awaitable[dict[int, str]]]


async def znodes_of(hosts: str, cluster: str) -> list[str]:
    """Return the node_id of every znode, sorted; one that stands twice comes twice.

    Args:
        hosts: `HOST:PORT/chroot`.
        cluster: the cluster's name.
    """
    return await asyncio.to_thread(_read, hosts, f"/{cluster}/nodes")


def _read(hosts: str, path: str) -> list[str]:
    client = KazooClient(hosts, timeout=10)
    client.start(timeout=10)
    try:
        names = client.get_children(path)
    finally:
        client.stop()
        client.close()
    return sorted(parsed[0] for name in names if (parsed := parse_znode_name(name)))


@asynccontextmanager
async def watched_states(hosts: str, cluster: str) -> AsyncIterator[States]:
    """Give a function that returns the state of each node that is entered now, by its port."""
    client = KazooClient(hosts, timeout=10)
    path = f"/{cluster}/nodes"

    async def states() -> dict[int, str]:
        members = await asyncio.to_thread(lambda: arrange(_members(client, path)))
        return {record.port: record.state for record in records_of(members)}

    await asyncio.to_thread(client.start, 10)
    try:
        yield states
    finally:
        await asyncio.to_thread(client.stop)
        client.close()


def _members(client: KazooClient, path: str) -> Iterator[Member]:
    for name in client.get_children(path):
        try:
            yield read_member(name, client.get(f"{path}/{name}")[0])
        except NoNodeError:
            continue
