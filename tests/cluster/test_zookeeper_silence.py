"""Why a ZooKeeper is silent is told by its name, its port, or what listens there."""

import asyncio
import socket

import pytest

from cluster.zookeeper_silence import why_silent
from tests.services import free_port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_nobody_listens(host: str) -> None:
    assert await why_silent(f"{host}:{free_port()}", 5.0) == "Connection refused"


async def test_a_name_that_nobody_knows() -> None:
    # RFC 6761 keeps `.invalid` free. What the resolver says of it depends on the machine.
    why = await why_silent("zk.invalid:2181", 5.0)
    assert "name" in why.lower()


@pytest.mark.parametrize("host", ["a..b", "x" * 100])
async def test_what_is_no_name_at_all(host: str) -> None:
    assert await why_silent(f"{host}:2181", 5.0) == "no host has such a name"


async def test_something_else_listens() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert "gives no session" in await why_silent(f"127.0.0.1:{port}", 5.0)


async def test_nobody_answers() -> None:
    # A listener whose queue is full drops what comes in, as a dead host does.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        with socket.create_connection(address), socket.socket() as filler:
            filler.setblocking(False)
            filler.connect_ex(address)
            why = await why_silent(f"{address[0]}:{address[1]}", 0.3)
            assert why == "no answer within 0.3 s"


async def test_of_several_each_is_told() -> None:
    one, two = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    why = await why_silent(f"{one},{two}", 5.0)
    assert why == f"{one}: Connection refused, {two}: Connection refused"
