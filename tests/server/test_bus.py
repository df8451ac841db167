"""That each backend is a bus; what a bus promises is in `tests/contract/test_bus.py`."""

import inspect

import pytest

from server.bus import Bus
from server.bus_memory import MemoryBus, MemoryExchange
from server.bus_rabbitmq import RabbitmqBus

# The annotation lets mypy compare the signatures.
BUSES: list[Bus] = [
    MemoryBus(MemoryExchange(), "n"),
    RabbitmqBus("amqp://127.0.0.1/", "im", "n"),
]


@pytest.mark.parametrize("bus", BUSES, ids=lambda bus: type(bus).__name__)
def test_an_unopened_bus_is_not_connected_and_takes_nothing(bus: Bus) -> None:
    assert not bus.connected
    assert not bus.publish(b"x", None)


@pytest.mark.parametrize("bus", BUSES, ids=lambda bus: type(bus).__name__)
def test_publish_never_waits(bus: Bus) -> None:
    assert not inspect.iscoroutinefunction(bus.publish)
