"""The listener: sockets become channels, with the settings of the node."""

from __future__ import annotations

import socket

import pytest
from websockets.exceptions import InvalidStatus

from server.listener import listen
from server.settings import NodeSettings
from tests.server.embedded import client
from tests.server.rig import Rig


async def test_it_gives_each_connection_a_channel() -> None:
    settings = NodeSettings(host="127.0.0.1", port=0, path="/here", max_message_bytes=500)
    async with Rig() as rig:
        listener = await listen(settings, rig.parts)
        url = f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with client(f"{url}/here", "alice") as alice:
            assert len(rig.parts.hub.channels) == 1
            await alice.socket.send("x" * 501)
            assert (await alice.end())[1] == 1009
        with pytest.raises(InvalidStatus, match="404"):
            async with client(f"{url}/ws"):
                pass
        listener.close()
        await listener.wait_closed()


async def test_an_address_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = NodeSettings(host="127.0.0.1", port=taken.getsockname()[1])
        async with Rig() as rig:
            with pytest.raises(OSError, match="address already in use"):
                await listen(settings, rig.parts)
