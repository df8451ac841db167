"""Nodes in the test's process for the page to look at."""

from __future__ import annotations

from server.backends import MemoryWorld
from server.node import Node
from server.settings import NodeSettings
from tests.server.embedded import make_node


class EmbeddedCluster:
    """Nodes that come and go as a test says, and the address of their balancer."""

    def __init__(self, world: MemoryWorld, url: str) -> None:
        self.url = url
        # The nodes that run, in the order of their start.
        self.nodes: list[Node] = []
        self._world = world

    async def start_node(self) -> Node:
        """Start one more node, with an admin port."""
        node = make_node(NodeSettings(host="127.0.0.1", port=0, admin_port=0), self._world)
        await node.start()
        self.nodes.append(node)
        return node

    async def stop_node(self, node: Node) -> None:
        """End a node."""
        self.nodes.remove(node)
        await node.stop()

    async def stop(self) -> None:
        """End all nodes."""
        while self.nodes:
            await self.stop_node(self.nodes[-1])


def name_of(node: Node) -> str:
    """Return what the page calls a node."""
    assert node.record is not None
    return f"{node.record.host}:{node.record.port}"
