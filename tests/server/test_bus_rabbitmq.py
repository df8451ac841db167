"""The bus as a whole, as far as a healthy broker shows it."""

import asyncio
import contextlib

import pytest
import uvloop

from cluster.errors import InvalidAddress, ServiceUnavailable
from server.bus_rabbitmq import RabbitmqBus
from tests.services import eventually, free_port


def ignore(_value: object) -> None:
    pass


def test_an_url_that_is_none_of_amqp_is_refused() -> None:
    with pytest.raises(InvalidAddress):
        RabbitmqBus("redis://localhost", "t", "n")


async def test_a_first_attempt_that_fails_can_be_repeated() -> None:
    bus = RabbitmqBus(f"amqp://me:secret@127.0.0.1:{free_port()}/", "t", "n")
    for _ in range(2):
        with pytest.raises(ServiceUnavailable, match="Connection refused") as caught:
            await bus.open(ignore, ignore)
        assert "secret" not in str(caught.value)
        assert not bus.publish(b"x", None)
    await bus.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_opening_twice_is_a_mistake(amqp_url: str, cluster_name: str) -> None:
    bus = RabbitmqBus(amqp_url, cluster_name, "n")
    await bus.open(ignore, ignore)
    with pytest.raises(RuntimeError, match="open already"):
        await bus.open(ignore, ignore)
    await bus.close()


async def test_an_attempt_can_be_cancelled_at_any_moment(amqp_url: str, cluster_name: str) -> None:
    for turns in range(40):
        bus = RabbitmqBus(amqp_url, cluster_name, f"n{turns}")
        opening = asyncio.create_task(bus.open(ignore, ignore))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await opening
        await bus.close()
    await eventually(lambda: asyncio.all_tasks() == {asyncio.current_task()})


async def test_only_batches_reach_the_receiver(amqp_url: str, cluster_name: str) -> None:
    bus, seen = RabbitmqBus(amqp_url, cluster_name, "n"), list[bytes]()
    await bus.open(seen.append, ignore)
    assert bus.publish(b"x", None)
    await eventually(lambda: seen == [b"x"])
    await bus.close()
    assert seen == [b"x"]


def test_it_runs_on_uvloop(amqp_url: str, cluster_name: str) -> None:
    async def exchange() -> list[bytes]:
        bus, seen = RabbitmqBus(amqp_url, cluster_name, "n"), list[bytes]()
        await bus.open(seen.append, ignore)
        assert all(bus.publish(bytes(128 * 1024), None) for _ in range(10))
        await eventually(lambda: len(seen) == 10)
        await bus.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return seen

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(exchange()) == [bytes(128 * 1024)] * 10
