"""One connection with one channel: how it opens, how it is lost, and what it leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from cluster.errors import ServiceUnavailable
from server.bus_rabbitmq_link import Link
from server.bus_rabbitmq_settings import RabbitmqSettings
from tests.services import eventually, free_port

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Hold each test to leaving neither a task nor an error that nobody took."""
    loop, errors = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _loop, context: errors.append(context))
    yield
    await eventually(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    assert errors == []


@pytest.fixture
def settings(amqp_url: str, cluster_name: str) -> RabbitmqSettings:
    return RabbitmqSettings(amqp_url, cluster_name, "n")


async def opening_at(serve: Serve, within: float = 10.0) -> str:
    """Try to open a link to a server of the test's own; return why that failed."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(ServiceUnavailable) as caught:
            async with asyncio.timeout(within):
                await Link.open(RabbitmqSettings(f"amqp://127.0.0.1:{port}/", "t", "n"), "test")
    return caught.value.reason


async def test_a_refused_connection_is_told_in_words() -> None:
    settings = RabbitmqSettings(f"amqp://me:secret@127.0.0.1:{free_port()}/", "t", "n")
    with pytest.raises(ServiceUnavailable, match="Connection refused") as caught:
        await Link.open(settings, "test")
    assert caught.value.service == "RabbitMQ"
    assert "secret" not in str(caught.value)


async def test_a_server_that_hangs_up_is_told_in_words() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    assert "does not speak AMQP" in await opening_at(hang_up)


async def test_a_server_that_speaks_something_else_is_no_broker() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100)
        await writer.drain()
        writer.close()

    assert await opening_at(answer)


async def test_giving_up_on_a_silent_server_closes_the_socket() -> None:
    came, gone = asyncio.Event(), asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await reader.read()
        gone.set()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        settings = RabbitmqSettings(f"amqp://127.0.0.1:{port}/", "t", "n")
        opening = asyncio.create_task(Link.open(settings, "test"))
        await came.wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(opening, 0.2)
        await asyncio.wait_for(gone.wait(), 10.0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("guest:guest@", "guest:wrong@"), "refuses this user or password"),
        (("5672/", "5672/no-such-host"), "refuses this virtual host|NOT_ALLOWED"),
    ],
)
async def test_a_refusal_is_told_in_words(
    amqp_url: str, change: tuple[str, str], reason: str
) -> None:
    url = amqp_url.replace(*change)
    assert url != amqp_url
    with pytest.raises(ServiceUnavailable, match=reason):
        await Link.open(RabbitmqSettings(url, "t", "n"), "test")


async def test_a_refused_command_is_an_error_and_loses_the_link(
    settings: RabbitmqSettings,
) -> None:
    link = await Link.open(settings, "test")
    with pytest.raises(ServiceUnavailable, match=r"no queue.*\(404\)"):
        await link.call("queue_declare", queue="no-such-queue", passive=True)
    assert link.lost.done()
    with pytest.raises(ServiceUnavailable):
        await link.call("queue_declare", queue="no-such-queue", passive=True)
    assert not link.publish("", "anywhere", b"x")
    link.acknowledge(1)
    await link.close(1.0)


async def test_it_knows_the_broker_and_what_was_agreed_on(settings: RabbitmqSettings) -> None:
    link = await Link.open(settings, "test")
    assert link.version.startswith("RabbitMQ ")
    assert link.heartbeat == settings.heartbeat
    await link.close(1.0)


async def test_confirms_count_from_one(settings: RabbitmqSettings) -> None:
    link, confirmed = await Link.open(settings, "test"), set[int]()

    def note(number: int, up_to: bool) -> None:
        confirmed.update(range(1, number + 1) if up_to else {number})

    await link.confirm(note)
    for _ in range(5):
        assert link.publish("", "nowhere", b"x")
    await eventually(lambda: confirmed == {1, 2, 3, 4, 5})
    assert link.buffered_bytes == 0
    await link.close(1.0)


async def test_deliveries_come_with_tag_type_and_body(settings: RabbitmqSettings) -> None:
    link, seen = await Link.open(settings, "test"), list[tuple[int, str | None, bytes]]()
    await link.call("queue_declare", queue=settings.queue, exclusive=True)
    await link.consume(settings.queue, lambda *delivery: seen.append(delivery))
    link.publish("", settings.queue, b"x")
    link.publish("", settings.queue, b"", pulse=True)
    await eventually(lambda: seen == [(1, None, b"x"), (2, "pulse", b"")])
    await link.close(1.0)


async def test_plain_and_other_messages_keep_their_order(settings: RabbitmqSettings) -> None:
    link, seen = await Link.open(settings, "test"), list[tuple[int, str | None, bytes]]()
    await link.call("queue_declare", queue=settings.queue, exclusive=True)
    await link.consume(settings.queue, lambda *delivery: seen.append(delivery))
    sent = [
        (number, "pulse" if number % 7 == 0 else None, bytes([number]) * size)
        for number, size in enumerate([1, 0, 300_000, 131_064, 131_065, 5] * 10, 1)
    ]
    for _number, type, body in sent:
        assert link.publish("", settings.queue, body, pulse=type is not None)
    await eventually(lambda: len(seen) == len(sent))
    assert seen == sent
    await link.close(1.0)


async def test_a_queue_that_is_deleted_loses_the_link(settings: RabbitmqSettings) -> None:
    link = await Link.open(settings, "test")
    await link.call("queue_declare", queue=settings.queue, exclusive=True)
    await link.consume(settings.queue, lambda *_delivery: None)
    await link.call("queue_delete", queue=settings.queue)
    assert await asyncio.wait_for(link.lost, 10.0) == "its queue was deleted"
    await link.close(1.0)


@pytest.mark.parametrize("timeout", [0.0, 1.0])
async def test_closing_twice_is_closing_once(settings: RabbitmqSettings, timeout: float) -> None:
    link = await Link.open(settings, "test")
    await link.close(timeout)
    await link.close(timeout)
    assert link.lost.result() == "it was closed by this node"
    assert not link.publish("", "anywhere", b"x")
