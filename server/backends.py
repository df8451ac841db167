"""The four things behind a node, real ones or those of one process; and how they are reached."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from cluster.address import ZookeeperAddress
from cluster.errors import ServiceUnavailable
from cluster.registry import Registry
from cluster.registry_memory import MemoryNodes, MemoryRegistry
from cluster.registry_zookeeper import ZookeeperRegistry
from server.bus import Bus
from server.bus_memory import MemoryBus, MemoryExchange
from server.bus_rabbitmq import RabbitmqBus
from server.cures import cure_of
from server.directory import Directory
from server.directory_memory import MemoryDirectory
from server.directory_redis import RedisDirectory
from server.inbox import Inbox
from server.inbox_memory import MemoryInbox
from server.inbox_redis import RedisInbox
from server.memory_store import MemoryStore
from server.redis_stream import RedisStream
from server.settings import NodeSettings

_log = logging.getLogger(__name__)

# Seconds between two attempts to reach a service, and between two log lines about it.
RETRY = 1.0
REMIND = 10.0

# Seconds that one attempt to reach ZooKeeper may take.
ATTEMPT = 3.0


@dataclass(frozen=True, slots=True)
class Backends:
    """What a node stands on.

    Attributes:
        registry: who lives.
        directory: who is connected where.
        inbox: what everyone has yet to get.
        bus: the fast way to other nodes.
        stream: the connection under directory and inbox; None if they are in memory.
    """

    registry: Registry
    directory: Directory
    inbox: Inbox
    bus: Bus
    stream: RedisStream | None = None

    def store_answers(self) -> bool:
        """Tell whether directory and inbox answer now."""
        return self.stream is None or self.stream.connected

    async def open_store(self) -> None:
        """Connect to the store and learn its epoch.

        Raises:
            ServiceUnavailable: it does not answer.
        """
        if self.stream is not None:
            await self.stream.open()
        await self.inbox.open()

    async def close(self) -> None:
        """Let go of everything, at the same time."""
        closing = [self.bus.close(), self.registry.close()]
        if self.stream is not None:
            closing.append(self.stream.close())
        results = await asyncio.gather(*closing, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result


@dataclass(slots=True)
class MemoryWorld:
    """What the memory backends of several nodes in one process share."""

    nodes: MemoryNodes = field(default_factory=MemoryNodes)
    store: MemoryStore = field(default_factory=MemoryStore)
    exchange: MemoryExchange = field(default_factory=MemoryExchange)


def memory_backends(settings: NodeSettings, node_id: str, world: MemoryWorld) -> Backends:
    """Make a node that needs no service."""
    return Backends(
        MemoryRegistry(world.nodes),
        MemoryDirectory(world.store, node_id),
        MemoryInbox(world.store, settings.retention),
        MemoryBus(world.exchange, node_id),
    )


def cluster_backends(settings: NodeSettings, node_id: str, zk: ZookeeperAddress) -> Backends:
    """Make a node on ZooKeeper, Redis and RabbitMQ; nothing is connected yet."""
    stream = RedisStream(settings.redis)
    return Backends(
        ZookeeperRegistry(
            zk, settings.cluster, session_timeout=settings.session_timeout, makes_path=True
        ),
        RedisDirectory(stream, settings.cluster, node_id),
        RedisInbox(stream, settings.cluster, settings.retention),
        RabbitmqBus(settings.amqp, settings.cluster, node_id, routing=settings.routing),
        stream,
    )


def make_backends(settings: NodeSettings, node_id: str) -> Backends:
    """Make what the settings ask for."""
    if settings.zk is None:
        return memory_backends(settings, node_id, MemoryWorld())
    return cluster_backends(settings, node_id, settings.zk)


async def reach(attempt: Callable[[], Awaitable[None]], wait: float | None) -> None:
    """Try until a service answers, and say what is missing and how to start it.

    Args:
        attempt: connects; raises `ServiceUnavailable`.
        wait: seconds to go on trying; None for ever.

    Raises:
        ServiceUnavailable: it did not answer in time.
    """
    deadline = None if wait is None else time.monotonic() + wait
    reminded = float("-inf")
    while True:
        try:
            await attempt()
        except ServiceUnavailable as exc:
            now = time.monotonic()
            if now - reminded >= REMIND:
                _log.warning("%s; %s", exc, cure_of(exc))
                reminded = now
            if deadline is not None and now + RETRY > deadline:
                raise
            await asyncio.sleep(RETRY)
        else:
            return
