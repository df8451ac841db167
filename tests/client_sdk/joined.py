"""What the tests of the client share: a client on scripted nodes, and ways to look at it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from client_sdk import (
    Client,
    Event,
    Happening,
    connect,
)
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually


@asynccontextmanager
async def joined(
    nodes: list[ScriptedNode], user: str = "bob", **options: Any
) -> AsyncIterator[tuple[Client, list[Event]]]:
    """Connect to the nodes; gives the client and the list in which its events appear."""
    events = list[Event]()
    address = ",".join(node.url for node in nodes)
    async with connect(address, user=user, on_state=events.append, **options) as client:
        yield client, events


async def bodies(client: Client, count: int) -> list[Any]:
    async with asyncio.timeout(10):
        return [(await anext(client)).body for _ in range(count)]


def what(events: list[Event]) -> list[str]:
    return [event.what.value for event in events]


def has(events: list[Event], happening: Happening) -> Callable[[], bool]:
    return lambda: any(event.what is happening for event in events)


async def lagging(node: ScriptedNode, user: str, count: int) -> None:
    """Wait until a node has seen so many sends."""
    await eventually(lambda: len(node.sends) >= count)
