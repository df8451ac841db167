"""What every bus promises, on each of its backends."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Protocol

import pytest

from server.bus import Bus
from server.bus_memory import MemoryBus, MemoryExchange
from server.bus_rabbitmq import RabbitmqBus
from server.bus_rabbitmq_settings import Routing
from tests.services import eventually


class CountingBus(Bus, Protocol):
    """A bus as its backends are: they count what the receiver raises."""

    @property
    def receive_errors(self) -> int:
        """How many batches the receiver has raised an error for."""


class Node:
    """A bus with what it has handed over."""

    def __init__(self, bus: CountingBus) -> None:
        self.bus = bus
        self.seen: list[bytes] = []
        self.changes: list[bool] = []

    async def open(self) -> None:
        await self.bus.open(self.receive, self.changes.append)

    def receive(self, batch: bytes) -> None:
        if batch == b"poison":
            raise LookupError("as the test wants it")
        self.seen.append(batch)

    async def gets(self, batches: list[bytes]) -> None:
        """Wait until exactly these batches have arrived."""
        await eventually(lambda: self.seen == batches)

    @property
    def state(self) -> tuple[bool, list[bool]]:
        """Whether the bus is connected, and what it has told about that."""
        return self.bus.connected, self.changes


def has(seen: list[bytes], count: int) -> bool:
    return len(seen) == count


@pytest.fixture(params=["memory", "rabbitmq fanout", "rabbitmq direct"])
def backend(request: pytest.FixtureRequest) -> Callable[[str], CountingBus]:
    """Give a function that makes the bus of a node; all of a test's are in one cluster."""
    if request.param == "memory":
        exchange = MemoryExchange()
        return lambda node_id: MemoryBus(exchange, node_id)
    url, cluster = (request.getfixturevalue(name) for name in ("amqp_url", "cluster_name"))
    routing: Routing = "direct" if request.param.endswith("direct") else "fanout"
    return lambda node_id: RabbitmqBus(url, cluster, node_id, routing=routing)


@pytest.fixture
async def nodes(backend: Callable[[str], CountingBus]) -> AsyncIterator[list[Node]]:
    """Give three nodes with their buses open."""
    made = [Node(backend(node_id)) for node_id in ("a", "b", "c")]
    for node in made:
        await node.open()
    yield made
    for node in made:
        await node.bus.close()


async def test_it_is_connected_between_open_and_close(nodes: list[Node]) -> None:
    node = nodes[0]
    assert node.state == (True, [True])
    await node.bus.close()
    assert node.state == (False, [True, False])


async def test_every_node_gets_a_batch_and_so_does_its_own(nodes: list[Node]) -> None:
    assert nodes[0].bus.publish(b"hello", None)
    for node in nodes:
        await node.gets([b"hello"])


async def test_the_named_nodes_get_a_batch(nodes: list[Node]) -> None:
    assert nodes[0].bus.publish(b"hello", frozenset({"b", "c"}))
    for node in nodes[1:]:
        await node.gets([b"hello"])


async def test_the_order_of_each_publisher_is_kept(nodes: list[Node]) -> None:
    for number in range(200):
        for name, node in zip(b"abc", nodes, strict=True):
            assert node.bus.publish(b"%c%d" % (name, number), None)
    for node in nodes:
        seen = node.seen
        await eventually(partial(has, seen, 600))
        for name in b"abc":
            mine = [batch for batch in seen if batch[0] == name]
            assert mine == [b"%c%d" % (name, number) for number in range(200)]


async def test_a_receiver_that_raises_does_not_stop_the_bus(nodes: list[Node]) -> None:
    for _ in range(3):
        assert nodes[0].bus.publish(b"poison", None)
    assert nodes[0].bus.publish(b"hello", None)
    for node in nodes:
        await node.gets([b"hello"])
        assert node.bus.receive_errors == 3
        assert node.bus.connected


@pytest.mark.parametrize("size", [1, 4096, 128 * 1024, 300_000])
async def test_batches_of_any_size_arrive_whole(nodes: list[Node], size: int) -> None:
    batch = bytes(number % 251 for number in range(size))
    assert nodes[1].bus.publish(batch, None)
    for node in nodes:
        await node.gets([batch])


async def test_any_bytes_are_handed_on(nodes: list[Node]) -> None:
    batches = [b"\x00", b"\xff\xfe", b"pulse", "ü".encode()]
    for batch in batches:
        assert nodes[0].bus.publish(batch, None)
    await nodes[2].gets(batches)


async def test_closing_twice_is_closing_once(nodes: list[Node]) -> None:
    await nodes[0].bus.close()
    await nodes[0].bus.close()
    assert nodes[0].changes == [True, False]


async def test_closing_before_opening_is_allowed(
    backend: Callable[[str], CountingBus],
) -> None:
    bus = backend("a")
    await bus.close()
    assert not bus.connected


async def test_nothing_is_taken_before_open_or_after_close(
    backend: Callable[[str], CountingBus], nodes: list[Node]
) -> None:
    assert not backend("d").publish(b"early", None)
    await nodes[0].bus.close()
    assert not nodes[0].bus.publish(b"late", None)
    assert nodes[1].bus.publish(b"hello", None)
    await nodes[1].gets([b"hello"])
    assert nodes[0].seen == []


async def test_a_closed_bus_can_be_opened_again(nodes: list[Node]) -> None:
    await nodes[0].bus.close()
    await nodes[0].open()
    assert nodes[0].bus.connected
    assert nodes[1].bus.publish(b"hello", None)
    await nodes[0].gets([b"hello"])
