"""The probe tells who listens from who does not, and does not guess."""

import asyncio
import socket

import pytest

from cluster.probe import is_gone
from tests.services import free_port


async def test_who_listens_is_not_gone() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert not await is_gone("127.0.0.1", port)
        assert not await is_gone("localhost", port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_who_refuses_is_gone(host: str) -> None:
    assert await is_gone(host, free_port())


async def test_who_does_not_answer_is_gone() -> None:
    # A listener whose queue is full drops what comes in, as a dead host does.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        with socket.create_connection(address), socket.socket() as filler:
            filler.setblocking(False)
            filler.connect_ex(address)
            assert await is_gone(address[0], address[1], timeout=0.3)


@pytest.mark.parametrize("host", ["a..b", "x" * 100, "nul\0"])
async def test_what_is_no_name_is_gone(host: str) -> None:
    assert await is_gone(host, 7177)


async def test_what_cannot_be_found_out_is_not_gone() -> None:
    # Nothing is routed to the multicast range by TCP: the error is about this end.
    assert not await is_gone("224.0.0.1", 7177)
