"""Backends: in memory and shared, or on the services; and how long they are tried for."""

from __future__ import annotations

import logging

import pytest

from cluster.address import parse_zookeeper
from cluster.errors import ServiceUnavailable
from server import backends
from server.backends import MemoryWorld, make_backends, memory_backends, reach
from server.bus_memory import MemoryBus
from server.bus_rabbitmq import RabbitmqBus
from server.settings import NodeSettings
from tests.services.stalls import quicker_than


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "RETRY", 0.01)


class Service:
    """A service that comes up after some attempts."""

    def __init__(self, name: str, fails: int) -> None:
        self.error = ServiceUnavailable(name, "127.0.0.1:1", "connection refused")
        self.fails = fails
        self.attempts = 0

    async def connect(self) -> None:
        """Try once."""
        self.attempts += 1
        if self.attempts <= self.fails:
            raise self.error


async def test_without_zookeeper_everything_is_in_memory() -> None:
    made = make_backends(NodeSettings(), "n1")
    assert isinstance(made.bus, MemoryBus)
    assert made.stream is None
    assert made.store_answers()
    await made.open_store()
    assert made.inbox.epoch
    await made.close()


async def test_nodes_of_one_world_share_it() -> None:
    world = MemoryWorld()
    one, other = (memory_backends(NodeSettings(), node_id, world) for node_id in ("n1", "n2"))
    await one.directory.add("bob", "c1")
    assert await other.directory.lookup(["bob"]) == [{"c1": "n1"}]
    assert make_backends(NodeSettings(), "n3").directory is not one.directory


async def test_with_zookeeper_nothing_is_connected_before_it_is_asked_for() -> None:
    made = make_backends(NodeSettings(zk=parse_zookeeper("127.0.0.1:1")), "n1")
    assert isinstance(made.bus, RabbitmqBus)
    assert made.stream is not None
    assert not made.store_answers()
    assert not made.registry.connected
    assert not made.bus.connected
    await made.close()


async def test_a_service_that_comes_up_is_reached(caplog: pytest.LogCaptureFixture) -> None:
    service = Service("Redis", 3)
    with caplog.at_level(logging.WARNING):
        await reach(service.connect, None)
    assert service.attempts == 4
    [line] = caplog.messages
    assert "cannot reach Redis at 127.0.0.1:1" in line
    assert "--redis" in line


async def test_waiting_has_an_end() -> None:
    service = Service("RabbitMQ", 10**9)
    async with quicker_than(1.0):
        with pytest.raises(ServiceUnavailable) as info:
            await reach(service.connect, 0.5)
    assert info.value is service.error
    assert service.attempts > 2


async def test_no_wait_is_one_attempt() -> None:
    service = Service("ZooKeeper", 1)
    with pytest.raises(ServiceUnavailable):
        await reach(service.connect, 0.0)
    assert service.attempts == 1


async def test_other_errors_are_not_tried_again() -> None:
    async def fail() -> None:
        raise LookupError("a mistake of ours")

    with pytest.raises(LookupError):
        await reach(fail, None)
