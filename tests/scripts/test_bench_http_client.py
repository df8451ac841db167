"""The HTTP client takes answers as they come, and asks again."""

from __future__ import annotations

import asyncio

import pytest

from scripts.bench_lib.http_client import BadAnswer, HttpClient, split_answer
from tests.services import eventually

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello"


def test_an_answer_is_as_long_as_it_says() -> None:
    assert split_answer(ANSWER) == len(ANSWER)
    assert split_answer(ANSWER + b"more") == len(ANSWER)
    assert split_answer(ANSWER[:30]) == 0


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\n"],
)
def test_another_answer_is_refused(answer: bytes) -> None:
    with pytest.raises(BadAnswer):
        split_answer(answer)


async def test_it_asks_until_it_is_told_to_end() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                # In two pieces, as the network may have it.
                writer.write(ANSWER[:20])
                await writer.drain()
                writer.write(ANSWER[20:])
        finally:
            writer.close()

    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.ensure_future(serve(reader, writer)))

    served: list[asyncio.Future[None]] = []
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = HttpClient(b"GET / HTTP/1.1\r\n\r\n")
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: client, *server.sockets[0].getsockname())
    await eventually(lambda: len(client.answers) >= 10)
    assert all(took > 0 for _, took in client.answers)
    client.running = False
    [ended] = await asyncio.gather(*served, return_exceptions=True)
    assert isinstance(ended, asyncio.IncompleteReadError)
    assert client.failed is None
    server.close()


async def test_a_server_that_goes_is_a_failure() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    client = HttpClient(b"GET / HTTP/1.1\r\n\r\n")
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: client, *server.sockets[0].getsockname())
    await eventually(lambda: client.failed is not None)
    assert client.answers == []
    server.close()
