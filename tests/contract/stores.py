"""Stores for the contract suites: in memory and in Redis, with the same handles for a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import pytest

from cluster.frames import message_tail
from server.directory import Directory
from server.directory_memory import MemoryDirectory
from server.directory_redis import RedisDirectory
from server.envelope import Envelope
from server.inbox import Inbox, Retention
from server.inbox_limits import InboxLimits
from server.inbox_memory import MemoryInbox
from server.inbox_redis import RedisInbox
from server.memory_store import MemoryStore
from server.redis_stream import RedisStream


class Store(Protocol):
    """One cluster's store, as several nodes use it."""

    def directory(self, node_id: str) -> Directory:
        """Return the directory as a node uses it."""

    def inbox(self, retention: Retention | None = None) -> Inbox:
        """Return the inboxes as a node uses them; not open yet."""

    async def wipe(self) -> None:
        """Lose everything."""


class InMemory:
    """The store of one process."""

    def __init__(self, limits: InboxLimits) -> None:
        self._store = MemoryStore(limits)

    def directory(self, node_id: str) -> MemoryDirectory:
        return MemoryDirectory(self._store, node_id)

    def inbox(self, retention: Retention | None = None) -> MemoryInbox:
        return MemoryInbox(self._store, retention)

    async def wipe(self) -> None:
        self._store.wipe()


class InRedis:
    """The keys of one cluster in a Redis that others may use too."""

    def __init__(self, stream: RedisStream, cluster: str, limits: InboxLimits) -> None:
        self.stream = stream
        self._cluster = cluster
        self._limits = limits

    def directory(self, node_id: str) -> RedisDirectory:
        return RedisDirectory(self.stream, self._cluster, node_id)

    def inbox(self, retention: Retention | None = None) -> RedisInbox:
        return RedisInbox(self.stream, self._cluster, retention, self._limits)

    async def wipe(self) -> None:
        keys = await self.stream.call("KEYS", f"{self._cluster}:*")
        await asyncio.gather(*(self.stream.call("DEL", key) for key in keys))


@asynccontextmanager
async def open_redis_store(
    url: str, cluster: str, limits: InboxLimits | None = None
) -> AsyncIterator[InRedis]:
    """Give a store in Redis; its keys stay, the `cluster_name` fixture removes them."""
    # A busy machine may take its time; that is not what these suites are about.
    stream = RedisStream(url, call_timeout=5.0)
    await stream.open()
    try:
        yield InRedis(stream, cluster, limits or InboxLimits())
    finally:
        await stream.close()


@asynccontextmanager
async def open_store(
    request: pytest.FixtureRequest, limits: InboxLimits | None = None
) -> AsyncIterator[Store]:
    """Give the store that the fixture's parameter names: `memory` or `redis`."""
    if request.param == "memory":
        yield InMemory(limits or InboxLimits())
        return
    url, cluster = (request.getfixturevalue(name) for name in ("redis_url", "cluster_name"))
    async with open_redis_store(url, cluster, limits) as store:
        yield store


def envelope(
    number: int,
    to: str = "bob",
    *,
    sender: str = "alice",
    session: str = "s",
    time: float = 4e9,
    durable: bool = True,
) -> Envelope:
    """Make an envelope; by default its time is far in the future, so that it is never too old."""
    id = f"{session}-{number}"
    tail = message_tail(sender, id, time, b"%d" % number)
    return Envelope(to, sender, id, session, number, tail, durable)
