"""What the scenarios start from: a cluster's name and services of its own, and nodes in it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.scenarios.processes import NodeProcess

StartNode = Callable[..., Awaitable[NodeProcess]]


@pytest.fixture
async def start_node(
    tmp_path: Path, zk_hosts: str, redis_url: str, amqp_url: str, cluster_name: str
) -> AsyncIterator[StartNode]:
    """Give a function that starts a node process of the test's own cluster."""
    async with AsyncExitStack() as stack:

        async def start(*options: str) -> NodeProcess:
            services = ("--zk", zk_hosts, "--redis", redis_url, "--amqp", amqp_url)
            node = NodeProcess(tmp_path, *services, "--cluster", cluster_name, *options)
            return await stack.enter_async_context(node)

        yield start
