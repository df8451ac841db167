"""What nodes tell the SDK beside messages: presence, receipts, health, and that all begins anew."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from client_sdk import Client, Event, Happening, connect
from tests.scenarios.processes import NodeProcess
from tests.services import Forwarder, OwnRabbitMQ, OwnRedis, eventually
from tests.services.stalls import quicker_than

# How long a receipt may take: the SDK's ack, the node's round to the inbox, the sender's round.
RECEIPT_WITHIN = 0.2 + 0.5 + 0.25 + 0.5


async def read_all(client: Client, into: list[Any]) -> None:
    async for message in client:
        into.append(message.body)


def what(events: list[Event]) -> list[Happening]:
    return [event.what for event in events]


class TestEmbedded:
    async def test_presence(self, tmp_path: Path) -> None:
        async with NodeProcess(tmp_path) as node, connect(node.url, user="alice") as alice:
            assert await alice.presence("bob") is False
            async with connect(node.url, user="bob"):
                answers = await asyncio.gather(*(alice.presence(u) for u in ("bob", "alice", "c")))
                assert answers == [True, True, False]

            async def gone() -> bool:
                return await alice.presence("bob") is False

            await eventually(gone)

    async def test_receipts(self, tmp_path: Path) -> None:
        async with NodeProcess(tmp_path) as node, connect(node.url, user="alice") as alice:
            away = await alice.send("bob", 1, receipt=True)
            assert (away.offset, away.receipt) == (1, "stored")
            async with connect(node.url, user="bob") as bob:
                reading = asyncio.create_task(read_all(bob, []))
                async with quicker_than(RECEIPT_WITHIN):
                    sent = await alice.send("bob", 2, receipt=True)
                assert (sent.offset, sent.receipt) == (2, "delivered")
                many = await asyncio.gather(
                    *(alice.send("bob", n, receipt=True) for n in range(1000))
                )
                assert {sent.receipt for sent in many} == {"delivered"}
                reading.cancel()

    async def test_a_receipt_waits_for_the_application(self, tmp_path: Path) -> None:
        async with (
            NodeProcess(tmp_path) as node,
            connect(node.url, user="alice") as alice,
            connect(node.url, user="bob") as bob,
        ):
            sending = asyncio.create_task(alice.send("bob", 1, receipt=True))
            await anext(bob)
            await asyncio.wait([sending], timeout=RECEIPT_WITHIN)
            assert not sending.done()
            bob.handled()
            async with asyncio.timeout(5 * RECEIPT_WITHIN):
                assert (await sending).receipt == "delivered"

    async def test_messages_that_were_dropped_behind_a_frozen_line(
        self, tmp_path: Path, forwarder: Callable[[str, int], Forwarder]
    ) -> None:
        """More comes for a client that does not read than is kept: it skips what is gone."""
        count, events, got = 400, list[Event](), list[Any]()
        async with NodeProcess(
            *(tmp_path, "--inbox-max", "20", "--max-buffer-bytes", "65536"),
            # A busy machine may take longer than usual to send it all.
            *("--slow-timeout", "60"),
        ) as node:
            line = forwarder("127.0.0.1", node.port)
            async with (
                connect(node.url, user="alice") as alice,
                connect(f"ws://{line.address}/ws", user="bob", on_state=events.append) as bob,
            ):
                reading = asyncio.create_task(read_all(bob, got))
                await alice.send("bob", [-1])
                await eventually(lambda: got)
                line.blackhole()
                # Far more than the kernel keeps for a connection.
                for n in range(count):
                    await alice.send("bob", [n, "x" * 60_000])
                line.heal()
                await eventually(lambda: got[-1][0] == count - 1, within=20.0)
                recovered = bob.recovered
                reading.cancel()
        numbers = [body[0] for body in got]
        assert numbers == sorted(set(numbers))
        assert len(numbers) < count
        assert recovered is False
        assert what(events) == [
            Happening.CONNECTED,
            *[Happening.CONNECTED, Happening.MESSAGES_LOST]
            * (what(events).count(Happening.MESSAGES_LOST)),
            Happening.ENDED,
        ]


class TestWithServices:
    async def test_presence_and_receipts_across_nodes(
        self, tmp_path: Path, zk_hosts: str, redis_url: str, amqp_url: str, cluster_name: str
    ) -> None:
        services = ("--zk", zk_hosts, "--redis", redis_url, "--amqp", amqp_url)
        options = (*services, "--cluster", cluster_name)
        async with (
            NodeProcess(tmp_path, *options) as first,
            NodeProcess(tmp_path, *options) as second,
            connect(first.url, user="alice") as alice,
        ):
            assert (await alice.send("bob", 0, receipt=True)).receipt == "stored"
            async with connect(second.url, user="bob") as bob:
                reading = asyncio.create_task(read_all(bob, []))

                async def there() -> bool:
                    return await alice.presence("bob") is True

                # The first node's watch may take a moment to tell it of the second one.
                await eventually(there)
                many = await asyncio.gather(
                    *(alice.send("bob", n, receipt=True) for n in range(200))
                )
                assert {sent.receipt for sent in many} == {"delivered"}
                reading.cancel()

    async def test_a_store_that_is_flushed_or_away(
        self, tmp_path: Path, zk_hosts: str, amqp_url: str, cluster_name: str, own_redis: OwnRedis
    ) -> None:
        services = ("--zk", zk_hosts, "--redis", own_redis.url, "--amqp", amqp_url)
        events, got = list[Event](), list[Any]()
        async with (
            NodeProcess(tmp_path, *services, "--cluster", cluster_name) as node,
            connect(node.url, user="alice") as alice,
            connect(node.url, user="bob", on_state=events.append) as bob,
        ):
            reading = asyncio.create_task(read_all(bob, got))
            await asyncio.gather(*(alice.send("bob", n) for n in range(10)))
            await eventually(lambda: len(got) == 10)
            old = bob.epoch
            await asyncio.to_thread(own_redis.flush)
            sent = await asyncio.gather(*(alice.send("bob", n) for n in range(10, 20)))
            await eventually(lambda: len(got) == 20)
            assert got == list(range(20))
            assert [s.offset for s in sent] == list(range(1, 11))
            assert (bob.offset, bob.recovered) == (10, False)
            assert bob.epoch not in (None, old)
            # The acknowledgements go on in the new epoch.
            assert (await alice.send("bob", 20, receipt=True)).receipt == "delivered"
            await asyncio.to_thread(own_redis.stop)
            assert await alice.presence("bob") is None
            await asyncio.to_thread(own_redis.start)
            await eventually(lambda: alice.presence("bob"))
            reading.cancel()
        assert what(events)[:3] == [
            Happening.CONNECTED,
            Happening.CONNECTED,
            Happening.MESSAGES_LOST,
        ]
        assert Happening.DISCONNECTED not in what(events)

    async def test_health(
        self,
        tmp_path: Path,
        zk_hosts: str,
        redis_url: str,
        cluster_name: str,
        own_rabbitmq: OwnRabbitMQ,
    ) -> None:
        services = ("--zk", zk_hosts, "--redis", redis_url, "--amqp", own_rabbitmq.url)
        events = list[Event]()
        async with (
            NodeProcess(tmp_path, *services, "--cluster", cluster_name) as node,
            connect(node.url, user="bob", on_state=events.append) as bob,
        ):
            assert not bob.degraded
            await asyncio.to_thread(own_rabbitmq.stop)
            await eventually(lambda: bob.degraded == ("RabbitMQ",), within=5.0)
            async with connect(node.url, user="carol") as carol:
                await eventually(lambda: carol.degraded == ("RabbitMQ",))
            await asyncio.to_thread(own_rabbitmq.start)
            await eventually(lambda: not bob.degraded, within=15.0)
        assert what(events) == [
            Happening.CONNECTED,
            Happening.DEGRADED,
            Happening.RECOVERED,
            Happening.ENDED,
        ]
