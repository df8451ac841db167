"""What the SDK makes of a node that turns it away: it goes elsewhere, or comes back when told."""

import asyncio
import time
from contextlib import AsyncExitStack

from client_sdk import connect
from server.backends import MemoryWorld
from tests.server.embedded import running, url_of


async def test_whoever_finds_a_full_node_goes_to_the_other() -> None:
    world = MemoryWorld()
    async with AsyncExitStack() as stack:
        [small] = await stack.enter_async_context(running(world, max_connections=2))
        [large] = await stack.enter_async_context(running(world))
        address = f"{url_of(small)},{url_of(large)}"
        # So many that two find the small one first.
        for number in range(40):
            await stack.enter_async_context(connect(address, user=f"u{number}"))
        assert len(small.parts.hub.channels) == 2
        assert len(large.parts.hub.channels) == 38
        assert small.parts.stats.turned_away.keys() == {"full"}


async def test_a_crowd_at_a_hurried_node_is_let_in_bit_by_bit() -> None:
    async with AsyncExitStack() as stack:
        [node] = await stack.enter_async_context(running(accept_rate=100.0))
        began = time.monotonic()
        connecting = (
            connect(url_of(node), user=f"u{number}", connect_timeout=60.0) for number in range(300)
        )
        clients = await asyncio.gather(*connecting)
        took = time.monotonic() - began
        for client in clients:
            stack.push_async_callback(client.close)
        # A hundred at once, and the others at a hundred a second.
        assert took >= 1.9
        assert len(node.parts.hub.users) == 300
        stats = node.parts.stats
        assert stats.handshakes["accepted"] == 300
        assert stats.turned_away == {"hurried": stats.handshakes["503"]}
        assert 0 < stats.handshakes["503"] < 1200, "hardly anyone comes too early twice"


async def test_one_is_let_in_by_the_other_of_two_hurried_nodes() -> None:
    world = MemoryWorld()
    async with AsyncExitStack() as stack:
        # Too seldom for anyone to get in by waiting.
        nodes = await stack.enter_async_context(running(world, count=2, accept_rate=0.001))
        for number in range(2):
            address = ",".join(url_of(node) for node in nodes)
            await stack.enter_async_context(connect(address, user=f"u{number}"))
        assert [len(node.parts.hub.channels) for node in nodes] == [1, 1]
