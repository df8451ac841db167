"""The bus while its broker or the network to it misbehaves."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable

import pytest

from cluster.errors import ServiceUnavailable
from server.bus_rabbitmq import RabbitmqBus
from server.bus_rabbitmq_link import Link
from server.bus_rabbitmq_settings import RabbitmqSettings, Routing
from tests.services import Forwarder, OwnRabbitMQ, eventually
from tests.services.stalls import Stalls, quicker_than

BATCH = bytes(128 * 1024)


class Node:
    """A bus with what it has handed over and told."""

    def __init__(
        self, url: str, cluster: str, node_id: str, routing: Routing = "fanout", heartbeat: int = 10
    ) -> None:
        self.bus = RabbitmqBus(url, cluster, node_id, routing=routing, heartbeat=heartbeat)
        self.seen: list[bytes] = []
        self.changes: list[bool] = []

    async def open(self) -> "Node":
        await self.bus.open(self.seen.append, self.changes.append)
        return self

    async def becomes(self, connected: bool, within: float) -> None:
        """Wait until the bus has told that it is, or isn't, connected."""
        await eventually(
            lambda: self.changes[-1] is connected and self.bus.connected is connected, within
        )

    async def works(self) -> None:
        """Send a batch and wait until it has come back."""
        mark = b"mark %d" % time.monotonic_ns()
        await eventually(lambda: self.bus.publish(mark, None))
        await eventually(lambda: mark in self.seen)


MakeNode = Callable[..., Node]


@pytest.fixture
async def make(cluster_name: str) -> AsyncIterator[MakeNode]:
    """Give a function that makes a node at a URL; all buses are closed at the end."""
    made: list[Node] = []

    def make(
        url: str, node_id: str = "n", routing: Routing = "fanout", heartbeat: int = 10
    ) -> Node:
        made.append(Node(url, cluster_name, node_id, routing, heartbeat))
        return made[-1]

    yield make
    for node in made:
        await node.bus.close()
    await eventually(lambda: asyncio.all_tasks() == {asyncio.current_task()})


@pytest.fixture
def through(own_rabbitmq: OwnRabbitMQ, forwarder: Callable[[str, int], Forwarder]) -> Forwarder:
    """Give a forwarder in front of the test's own broker."""
    return forwarder("127.0.0.1", own_rabbitmq.port)


def url_of(forwarder: Forwarder) -> str:
    return f"amqp://guest:guest@{forwarder.address}/"


async def listed(broker: OwnRabbitMQ, kind: str, *columns: str) -> list[list[str]]:
    """Ask the broker for what it has, one list of columns an object."""
    out = await asyncio.to_thread(broker.control, kind, *columns, "--formatter", "json")
    return [[str(row[column]) for column in columns] for row in json.loads(out)]


async def test_exchange_and_queue_are_as_promised(
    own_rabbitmq: OwnRabbitMQ, make: MakeNode, cluster_name: str
) -> None:
    node = await make(own_rabbitmq.url).open()
    exchanges = await listed(own_rabbitmq, "list_exchanges", "name", "type", "durable")
    assert [f"{cluster_name}.fanout", "fanout", "True"] in exchanges
    queues = await listed(
        own_rabbitmq, "list_queues", "name", "exclusive", "auto_delete", "arguments"
    )
    mine = [row for row in queues if row[0] == f"{cluster_name}.node.n"]
    assert mine[0][1:3] == ["True", "True"]
    assert str(64 * 1024 * 1024) in mine[0][3]
    assert "drop-head" in mine[0][3]

    await node.bus.close()
    assert not [
        row
        for row in await listed(own_rabbitmq, "list_queues", "name")
        if row[0].startswith(cluster_name)
    ]


async def test_direct_routing_reaches_only_the_named_nodes(amqp_url: str, make: MakeNode) -> None:
    a, b, c = [await make(amqp_url, name, "direct").open() for name in "abc"]
    assert a.bus.publish(b"for b and the dead", frozenset({"b", "dead"}))
    assert a.bus.publish(b"for all", None)
    await eventually(lambda: b.seen == [b"for b and the dead", b"for all"])
    await eventually(lambda: a.seen == c.seen == [b"for all"])


async def test_what_strangers_publish_is_handed_on(
    amqp_url: str, make: MakeNode, cluster_name: str
) -> None:
    node = await make(amqp_url).open()
    settings = RabbitmqSettings(amqp_url, cluster_name, "stranger")
    stranger = await Link.open(settings, "test")
    for body in (b"", b"\x00\xff rubbish", b"1" * 300_000):
        stranger.publish(settings.exchange, "", body)
        stranger.publish(settings.exchange, "any key", body, pulse=True)
    await eventually(
        lambda: node.seen == [b"", b"", *[b"\x00\xff rubbish"] * 2, b"1" * 300_000, b"1" * 300_000]
    )
    assert node.changes == [True]
    await stranger.close(1.0)


async def test_a_connection_closed_by_the_broker_is_made_again(
    own_rabbitmq: OwnRabbitMQ, make: MakeNode
) -> None:
    node = await make(own_rabbitmq.url).open()
    await asyncio.to_thread(own_rabbitmq.control, "close_all_connections", "as the test wants it")
    await eventually(lambda: node.changes == [True, False, True], 10.0)
    await node.works()


async def test_a_cut_connection_is_made_again(through: Forwarder, make: MakeNode) -> None:
    node = await make(url_of(through)).open()
    for _ in range(3):
        node.changes.clear()
        through.cut()
        await eventually(lambda: node.changes == [False, True], 10.0)
        await node.works()


async def test_nothing_is_taken_while_the_broker_is_gone(
    through: Forwarder, make: MakeNode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "server")
    node = await make(url_of(through)).open()
    through.refuse()
    through.cut()
    await node.becomes(False, 2.0)
    assert not node.bus.publish(b"x", None)
    await eventually(lambda: "Connection refused" in caplog.text)
    through.heal()
    await node.becomes(True, 5.0)
    await node.works()
    refusals = [r for r in caplog.records if "Connection refused" in r.getMessage()]
    assert len(refusals) == 1


@pytest.mark.parametrize("busy", [True, False])
async def test_a_network_that_swallows_everything_is_noticed(
    through: Forwarder, make: MakeNode, busy: bool
) -> None:
    node = await make(url_of(through)).open()
    through.blackhole()
    taken = 0
    async with Stalls() as stalls:
        while node.bus.connected and stalls.elapsed < 4.0:
            if busy:
                taken += node.bus.publish(BATCH, None)
            await asyncio.sleep(0.002)
        assert stalls.elapsed < 3.0
    # What is taken is bounded by this process's buffer, the kernel's and the forwarder's.
    assert taken * len(BATCH) < 48 * 1024 * 1024
    assert not node.bus.publish(BATCH, None)
    through.heal()
    await node.becomes(True, 5.0)
    await node.works()


async def test_a_burst_is_bounded_within_one_turn_of_the_loop(
    amqp_url: str, make: MakeNode
) -> None:
    node = await make(amqp_url).open()
    taken = sum(node.bus.publish(BATCH, None) for _ in range(1000))
    assert 32 <= taken <= 8 * 1024 * 1024 // len(BATCH) + 1
    await eventually(lambda: len(node.seen) == taken)
    await node.works()


async def test_a_broker_that_blocks_counts_as_away(
    own_rabbitmq: OwnRabbitMQ, make: MakeNode
) -> None:
    node = await make(own_rabbitmq.url).open()
    await node.works()
    await asyncio.to_thread(own_rabbitmq.block)
    await node.becomes(False, 3.0)
    assert not node.bus.publish(b"x", None)
    newcomer = make(own_rabbitmq.url, "newcomer")
    with pytest.raises(ServiceUnavailable, match="blocks publishers"):
        await newcomer.open()
    await asyncio.to_thread(own_rabbitmq.unblock)
    await node.becomes(True, 3.0)
    await node.works()
    await newcomer.open()


async def test_a_broker_that_stands_still_is_noticed(
    own_rabbitmq: OwnRabbitMQ, make: MakeNode
) -> None:
    node = await make(own_rabbitmq.url).open()
    own_rabbitmq.pause()
    await node.becomes(False, 3.0)
    closing = make(own_rabbitmq.url, "closing")
    async with quicker_than(6.5):
        with pytest.raises(ServiceUnavailable, match="no answer within 5 s"):
            await closing.open()
    own_rabbitmq.unpause()
    await node.becomes(True, 10.0)
    await node.works()


async def test_closing_does_not_wait_for_a_dead_broker(through: Forwarder, make: MakeNode) -> None:
    node = await make(url_of(through)).open()
    through.blackhole()
    node.bus.publish(BATCH, None)
    async with quicker_than(2.5):
        await node.bus.close()
    assert node.changes == [True, False]


async def test_it_survives_a_broker_that_is_killed_and_comes_back(
    own_rabbitmq: OwnRabbitMQ, make: MakeNode
) -> None:
    node = await make(own_rabbitmq.url).open()
    await asyncio.to_thread(own_rabbitmq.kill)
    await node.becomes(False, 3.0)
    await asyncio.to_thread(own_rabbitmq.start)
    await node.becomes(True, 15.0)
    await node.works()


async def test_a_dead_connection_that_holds_the_queue_is_outlasted(
    own_rabbitmq: OwnRabbitMQ, through: Forwarder, make: MakeNode, caplog: pytest.LogCaptureFixture
) -> None:
    """The broker refuses the queue's name (405) until it has missed the dead one's heartbeats."""
    caplog.set_level(logging.INFO, "server")
    holder = await make(own_rabbitmq.url).open()
    node = make(url_of(through))
    with pytest.raises(ServiceUnavailable, match="RESOURCE_LOCKED"):
        await node.open()
    await holder.bus.close()
    await node.open()
    through.refuse()
    through.cut()
    await node.becomes(False, 2.0)

    async def released() -> bool:
        return not await listed(own_rabbitmq, "list_queues", "name")

    # Asking takes seconds each time.
    await eventually(released, 30.0)
    holder = await make(own_rabbitmq.url).open()
    through.heal()
    await eventually(lambda: "RESOURCE_LOCKED" in caplog.text, 10.0)
    await holder.bus.close()
    await node.becomes(True, 10.0)
    await node.works()


class DyingBroker:
    """Stands before a broker and lets each connection have more bytes of it than the last one."""

    def __init__(self, host: str, port: int, step: int) -> None:
        self._target = (host, port)
        self._step = step
        self.attempts = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Copy both ways until the client goes or has had its bytes."""
        self.attempts += 1
        target_reader, target_writer = await asyncio.open_connection(*self._target)
        ways = [
            asyncio.create_task(self._copy(reader, target_writer, 1 << 30)),
            asyncio.create_task(self._copy(target_reader, writer, self.attempts * self._step)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        for end in (writer, target_writer):
            end.close()

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while left > 0 and (data := await reader.read(min(left, 65536))):
                left -= len(data)
                writer.write(data)
                await writer.drain()


async def test_a_broker_that_dies_at_any_point_of_opening(
    own_rabbitmq: OwnRabbitMQ, make: MakeNode
) -> None:
    dying = DyingBroker("127.0.0.1", own_rabbitmq.port, step=23)
    server = await asyncio.start_server(dying.serve, "127.0.0.1", 0)
    node = make(f"amqp://guest:guest@127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    reasons: list[str] = []

    async def opened() -> bool:
        try:
            await node.open()
        except ServiceUnavailable as exc:
            assert not node.bus.connected
            reasons.append(exc.reason)
            return False
        return True

    async with server:
        await eventually(opened, 30.0)
        assert len(reasons) > 20
        assert len(set(reasons)) > 1
        await node.bus.close()
        await eventually(lambda: asyncio.all_tasks() == {asyncio.current_task()})
