"""The znodes of a cluster's nodes, read past the registry."""

import asyncio

from kazoo.client import KazooClient

from cluster.record import parse_znode_name


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
