"""A small world for the tests of chaos: a scene that is described and not started, and nodes."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from scripts.chaos_lib.options import Options
from scripts.chaos_lib.scene import Scene
from scripts.trial_lib.target import Target
from server.node import Node
from server.settings import NodeSettings

OPTIONS = Options(
    seed=1,
    seconds=5.0,
    nodes=2,
    users=4,
    rate=50.0,
    session_timeout=4.0,
    kinds=(),
    settle=5.0,
    routing="fanout",
    fsync="always",
    services={},
    break_delivery=False,
    report=None,
)


@contextmanager
def elsewhere() -> Iterator[dict[Target, str]]:
    """Give addresses at which something listens, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        yield {
            Target.ZOOKEEPER: f"{host}/c",
            Target.REDIS: f"redis://{host}/0",
            Target.RABBITMQ: f"amqp://{host}",
        }


@contextmanager
def described_scene(folder: Path) -> Iterator[Scene]:
    """Give a scene whose services are elsewhere: nothing of it runs but its forwarders."""
    with elsewhere() as services:
        scene = Scene(replace(OPTIONS, services=services), folder)
        for node in scene.nodes:
            # A forwarder to nobody resets what it has taken, which looks like a refusal.
            [anywhere] = {link.target for link in node.all_links()}
            node.front.target = anywhere
        yield scene
        for node in scene.nodes:
            node.close()


@asynccontextmanager
async def embedded_node(**settings: Any) -> AsyncIterator[str]:
    """Run a node in this process and memory, with these settings; give its url."""
    node = Node(NodeSettings(host="127.0.0.1", port=0, **settings))
    try:
        yield (await node.start()).url
    finally:
        await node.stop()
