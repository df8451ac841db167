"""Nodes within the test's process that stand in a real ZooKeeper; the rest is in memory."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from click.testing import CliRunner, Result

from cluster.address import parse_zookeeper
from cluster.registry_zookeeper import ZookeeperRegistry
from server.backends import MemoryWorld, memory_backends
from server.cli import main
from server.node import Node
from server.settings import NodeSettings


@asynccontextmanager
async def registered(
    zk: str, cluster: str, count: int = 1, **settings: Any
) -> AsyncIterator[list[Node]]:
    """Run nodes that share a world, and that commands find in ZooKeeper.

    Args:
        zk: the ensemble.
        cluster: the cluster's name.
        count: how many.
        settings: fields of `NodeSettings`; by default any free ports on the loopback interface.
    """
    world = MemoryWorld()
    chosen: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "admin_port": 0}
    async with AsyncExitStack() as stack:
        nodes = []
        for _ in range(count):
            node = _make(NodeSettings(**(chosen | settings)), zk, cluster, world)
            stack.push_async_callback(node.stop)
            await node.start()
            nodes.append(node)
        yield nodes


def _make(settings: NodeSettings, zk: str, cluster: str, world: MemoryWorld) -> Node:
    node_id = str(uuid.uuid4())
    registry = ZookeeperRegistry(parse_zookeeper(zk), cluster)
    backends = dataclasses.replace(memory_backends(settings, node_id, world), registry=registry)
    return Node(settings, backends, node_id)


async def call(*arguments: str, columns: int = 160) -> Result:
    """Run `server` in a thread: it makes a loop of its own."""
    runner = CliRunner(env={"COLUMNS": str(columns)})
    return await asyncio.to_thread(runner.invoke, main, arguments)
