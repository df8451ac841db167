"""The publishing half: what it takes, what it refuses, and what confirms tell it."""

import asyncio
from dataclasses import replace

import pytest

from cluster.errors import ServiceUnavailable
from server.bus_rabbitmq_link import Link
from server.bus_rabbitmq_publisher import Publisher
from server.bus_rabbitmq_settings import RabbitmqSettings
from tests.services import eventually, free_port


@pytest.fixture
async def settings(amqp_url: str, cluster_name: str) -> RabbitmqSettings:
    """Give settings of a cluster whose exchange exists."""
    settings = RabbitmqSettings(amqp_url, cluster_name, "n")
    link = await Link.open(settings, "test")
    await link.call(
        "exchange_declare", exchange=settings.exchange, exchange_type="fanout", durable=True
    )
    await link.close(1.0)
    return settings


async def test_publishes_are_confirmed(settings: RabbitmqSettings) -> None:
    publisher = await Publisher.open(settings)
    for _ in range(10):
        assert publisher.publish(b"x", None)
    assert publisher.unconfirmed == 10
    assert publisher.lag(asyncio.get_running_loop().time() + 5.0) >= 5.0
    await eventually(lambda: publisher.unconfirmed == 0)
    assert publisher.lag(1e9) == 0.0
    await publisher.link.close(1.0)


async def test_a_full_window_refuses_until_confirms_come(settings: RabbitmqSettings) -> None:
    publisher = await Publisher.open(replace(settings, max_unconfirmed=3))
    assert [publisher.publish(b"x", None) for _ in range(5)] == [True, True, True, False, False]
    await eventually(lambda: publisher.unconfirmed == 0)
    assert publisher.publish(b"x", None)
    await publisher.link.close(1.0)


async def test_a_full_socket_refuses(settings: RabbitmqSettings) -> None:
    limit = 1024 * 1024
    publisher = await Publisher.open(replace(settings, max_buffered_bytes=limit))
    batch = bytes(128 * 1024)
    taken = sum(publisher.publish(batch, None) for _ in range(100))
    assert 8 <= taken <= 10
    assert publisher.link.buffered_bytes <= limit + 2 * len(batch)
    await eventually(lambda: publisher.link.buffered_bytes == 0)
    assert publisher.publish(batch, None)
    await publisher.link.close(1.0)


async def test_direct_routing_publishes_once_for_each_node(settings: RabbitmqSettings) -> None:
    publisher = await Publisher.open(replace(settings, routing="direct"))
    assert publisher.publish(b"x", frozenset({"a", "b", "c"}))
    assert publisher.unconfirmed == 3
    assert publisher.publish(b"x", None)
    assert publisher.publish(b"x", frozenset())
    assert publisher.unconfirmed == 4
    await eventually(lambda: publisher.unconfirmed == 0)
    await publisher.link.close(1.0)


async def test_a_lost_link_takes_nothing(settings: RabbitmqSettings) -> None:
    publisher = await Publisher.open(settings)
    await publisher.link.close(1.0)
    assert not publisher.publish(b"x", None)
    publisher.send_pulse(b"1")
    assert publisher.unconfirmed == 0


async def test_without_a_broker_it_does_not_open() -> None:
    settings = RabbitmqSettings(f"amqp://127.0.0.1:{free_port()}/", "t", "n")
    with pytest.raises(ServiceUnavailable):
        await Publisher.open(settings)
