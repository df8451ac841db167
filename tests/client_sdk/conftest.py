"""Fixtures for the SDK's tests: scripted nodes that share a store."""

from collections.abc import AsyncIterator

import pytest

from tests.client_sdk.node import ScriptedNode
from tests.client_sdk.store import Store


@pytest.fixture
async def nodes() -> AsyncIterator[list[ScriptedNode]]:
    """Give two running nodes of one cluster."""
    store, peers = Store(), list[ScriptedNode]()
    for name in ("a", "b"):
        await ScriptedNode(store, name, peers).start()
    yield peers
    for node in peers:
        await node.stop()


@pytest.fixture
def node(nodes: list[ScriptedNode]) -> ScriptedNode:
    """Give one of the two."""
    return nodes[0]
