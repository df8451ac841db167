"""The consuming half: its queue, its acknowledgements, and whose pulse it takes."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from cluster.errors import ServiceUnavailable
from server.bus_rabbitmq_consumer import Consumer
from server.bus_rabbitmq_link import Link
from server.bus_rabbitmq_settings import RabbitmqSettings
from tests.services import eventually


@pytest.fixture
def settings(amqp_url: str, cluster_name: str) -> RabbitmqSettings:
    return RabbitmqSettings(amqp_url, cluster_name, "n")


@pytest.fixture
async def link(settings: RabbitmqSettings) -> AsyncIterator[Link]:
    """Give a link of somebody else."""
    link = await Link.open(settings, "test")
    yield link
    await link.close(1.0)


def no_pulse(_beat: bytes) -> bool:
    return False


async def test_what_comes_by_the_exchange_or_the_queue_is_delivered(
    settings: RabbitmqSettings, link: Link
) -> None:
    seen = list[bytes]()
    consumer = await Consumer.open(settings, seen.append, no_pulse)
    link.publish(settings.exchange, "", b"for all")
    link.publish("", settings.queue, b"for one")
    await eventually(lambda: seen == [b"for all", b"for one"])
    await consumer.link.close(1.0)


async def test_only_the_own_pulse_is_kept_back(settings: RabbitmqSettings, link: Link) -> None:
    seen, asked = list[bytes](), list[bytes]()

    def heard(beat: bytes) -> bool:
        asked.append(beat)
        return beat == b"1"

    consumer = await Consumer.open(settings, seen.append, heard)
    for body in (b"1", b"rubbish"):
        link.publish("", settings.queue, body, pulse=True)
        link.publish("", settings.queue, body)
    await eventually(lambda: seen == [b"1", b"rubbish", b"rubbish"])
    assert asked == [b"1", b"rubbish"]
    await consumer.link.close(1.0)


async def test_it_acknowledges_in_time_to_get_more(settings: RabbitmqSettings, link: Link) -> None:
    seen = list[bytes]()
    consumer = await Consumer.open(
        replace(settings, prefetch=10, ack_every=4), seen.append, no_pulse
    )
    for number in range(100):
        link.publish("", settings.queue, b"%d" % number)
    await eventually(lambda: len(seen) == 100)
    await consumer.link.close(1.0)


async def test_the_rest_is_acknowledged_on_demand(settings: RabbitmqSettings, link: Link) -> None:
    seen = list[bytes]()
    consumer = await Consumer.open(
        replace(settings, prefetch=3, ack_every=100), seen.append, no_pulse
    )
    for number in range(5):
        link.publish("", settings.queue, b"%d" % number)
    await eventually(lambda: len(seen) == 3)
    consumer.acknowledge()
    await eventually(lambda: len(seen) == 5)
    await consumer.link.close(1.0)


async def test_the_queue_is_bounded_and_drops_the_oldest(
    settings: RabbitmqSettings, link: Link
) -> None:
    seen, small = list[bytes](), replace(settings, prefetch=1, ack_every=100, queue_bytes=300)
    consumer = await Consumer.open(small, seen.append, no_pulse)
    confirmed = list[int]()
    await link.confirm(lambda number, _up_to: confirmed.append(number))
    for number in range(20):
        link.publish("", settings.queue, b"%100d" % number)
    # All are in the queue, or have left it, before any room is made.
    await eventually(lambda: confirmed[-1:] == [20])

    def drained() -> bool:
        consumer.acknowledge()
        return bool(seen) and int(seen[-1]) == 19

    await eventually(drained)
    assert len(seen) < 10
    await consumer.link.close(1.0)


async def test_a_queue_that_another_connection_holds_is_refused(
    settings: RabbitmqSettings,
) -> None:
    first = await Consumer.open(settings, lambda _batch: None, no_pulse)
    with pytest.raises(ServiceUnavailable, match=r"RESOURCE_LOCKED.*\(405\)"):
        await Consumer.open(settings, lambda _batch: None, no_pulse)
    await first.link.close(1.0)
    second = await Consumer.open(settings, lambda _batch: None, no_pulse)
    await second.link.close(1.0)


async def test_an_exchange_of_another_type_is_refused(
    settings: RabbitmqSettings, link: Link
) -> None:
    await link.call("exchange_declare", exchange=settings.exchange, exchange_type="topic")
    with pytest.raises(ServiceUnavailable, match=r"inequivalent arg 'type'.*\(406\)"):
        await Consumer.open(settings, lambda _batch: None, no_pulse)
