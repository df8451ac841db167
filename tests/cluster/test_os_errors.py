"""Errors of the system in words, as they really come out of asyncio and aiohttp."""

import asyncio
import socket

import aiohttp
import pytest

from cluster.os_errors import in_words
from tests.services import free_port


async def test_who_refuses_does_so_in_the_systems_words() -> None:
    port = free_port()
    with pytest.raises(OSError, match="Connect call failed") as plain:
        await asyncio.open_connection("127.0.0.1", port)
    assert in_words(plain.value) == "Connection refused"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError, match="ssl:default") as wrapped:
            await session.get(f"http://127.0.0.1:{port}/")
    assert in_words(wrapped.value) == "Connection refused"


async def test_a_name_that_nobody_knows_has_no_number() -> None:
    # RFC 6761 keeps `.invalid` free. What the resolver says of it depends on the machine.
    with pytest.raises(socket.gaierror) as plain:
        await asyncio.open_connection("nobody.invalid", 80)
    assert in_words(plain.value) == plain.value.strerror
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError) as wrapped:
            await session.get("http://nobody.invalid/")
    assert in_words(wrapped.value) == plain.value.strerror


@pytest.mark.parametrize(
    ("exc", "words"),
    [
        (OSError("several at once"), "several at once"),
        (OSError(), "OSError"),
        (ValueError("no URL"), "no URL"),
        (aiohttp.ServerDisconnectedError(), "Server disconnected"),
    ],
)
def test_others_speak_for_themselves(exc: Exception, words: str) -> None:
    assert in_words(exc) == words
