"""A publisher and a consumer together: when they are healthy, and when they are lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from cluster.errors import ServiceUnavailable
from server.bus_listener import BusListener
from server.bus_rabbitmq_link import Link
from server.bus_rabbitmq_session import Session
from server.bus_rabbitmq_settings import RabbitmqSettings
from tests.services import Forwarder, eventually, free_port


@pytest.fixture
def settings(amqp_url: str, cluster_name: str) -> RabbitmqSettings:
    return RabbitmqSettings(amqp_url, cluster_name, "n", lag_limit=1.0)


class Node:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.listener = BusListener()
        self.seen: list[bytes] = []
        self.changes: list[bool] = []
        self.listener.attach(self.seen.append, self.changes.append)


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
async def session(settings: RabbitmqSettings, node: Node) -> AsyncIterator[Session]:
    session = await Session.open(settings, node.listener)
    yield session
    await session.close(1.0)


async def test_an_open_session_is_healthy(session: Session, node: Node) -> None:
    assert session.healthy
    assert node.changes == [True]
    assert session.publish(b"x", None)
    await eventually(lambda: node.seen == [b"x"])


async def test_it_stays_healthy_while_nothing_is_sent(session: Session, node: Node) -> None:
    quiet_until = time.monotonic() + 2.0
    await eventually(lambda: time.monotonic() > quiet_until)
    assert session.healthy
    assert node.changes == [True]
    assert node.seen == []


async def test_a_busy_loop_is_not_taken_for_a_dead_broker(session: Session, node: Node) -> None:
    session.publish(b"x", None)
    await asyncio.sleep(0)
    time.sleep(2.0)  # noqa: ASYNC251 - it has to hold up the loop
    await eventually(lambda: node.seen == [b"x"])
    assert session.publish(b"y", None)
    await eventually(lambda: node.seen == [b"x", b"y"])
    assert node.changes == [True]


async def test_a_lost_half_loses_the_session(
    session: Session, settings: RabbitmqSettings, node: Node
) -> None:
    admin = await Link.open(settings, "test")
    await admin.call("exchange_delete", exchange=settings.exchange)
    assert session.publish(b"into nothing", None)
    reason = await asyncio.wait_for(asyncio.shield(session.lost), 10.0)
    assert "no exchange" in reason
    assert node.changes == [True, False]
    assert not session.publish(b"x", None)
    await admin.close(1.0)


async def test_closing_frees_the_queue_at_once(
    session: Session, settings: RabbitmqSettings, node: Node
) -> None:
    await session.close(1.0)
    assert node.changes == [True, False]
    assert not session.publish(b"x", None)
    successor = await Session.open(settings, Node().listener)
    await successor.close(1.0)


async def test_a_silent_server_ends_the_attempt(node: Node) -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = RabbitmqSettings(f"amqp://127.0.0.1:{port}/", "t", "n", open_timeout=0.2)
    async with server:
        with pytest.raises(ServiceUnavailable, match=r"no answer within 0\.2 s"):
            await Session.open(settings, node.listener)
    assert node.changes == []


async def test_a_failed_attempt_leaves_nothing_behind(
    settings: RabbitmqSettings, node: Node
) -> None:
    first = await Session.open(settings, Node().listener)
    with pytest.raises(ServiceUnavailable, match="RESOURCE_LOCKED"):
        await Session.open(settings, node.listener)
    with pytest.raises(ServiceUnavailable, match="Connection refused"):
        await Session.open(replace(settings, url=f"amqp://127.0.0.1:{free_port()}/"), node.listener)
    await first.close(1.0)
    await eventually(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    assert node.changes == []


async def test_a_connection_that_looks_alive_but_is_not_is_given_up(
    settings: RabbitmqSettings, node: Node, forwarder: Callable[[str, int], Forwarder]
) -> None:
    broker = urlsplit(settings.url)
    through = forwarder(broker.hostname or "", broker.port or 5672)
    session = await Session.open(
        replace(
            settings,
            url=broker._replace(netloc=f"guest:guest@{through.address}").geturl(),
            stall_limit=0.5,
        ),
        node.listener,
    )
    through.drop("from_target")
    reason = await asyncio.wait_for(asyncio.shield(session.lost), 20.0)
    assert "nothing has come back" in reason
    assert node.changes == [True, False]
    await session.close(0.0)
