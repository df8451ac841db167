"""A look at one user's keys: everything as the nodes wrote it, and nothing changed by looking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cluster.frames import message_tail
from server.directory_redis import RedisDirectory
from server.envelope import Envelope
from server.inbox_redis import RedisInbox
from server.redis_look import UserLook, look_at_user
from server.redis_stream import RedisStream


class Shelf:
    """The store of one cluster, written as a node does and looked at as a person does."""

    def __init__(self, stream: RedisStream, cluster: str) -> None:
        self._stream = stream
        self._cluster = cluster
        self.inbox = RedisInbox(stream, cluster)
        self.directory = RedisDirectory(stream, cluster, "n1")

    async def look(self, user: str = "bob", messages: int = 10, **more: Any) -> UserLook:
        """Look at a user."""
        given: dict[str, Any] = {"messages": messages, "bodies": False} | more
        return await look_at_user(self._stream, self._cluster, user, **given)

    async def fill(self, count: int) -> None:
        """Store messages of alice for bob."""
        await self.inbox.append(
            [
                Envelope(
                    "bob", "alice", f"s-{n}", "s", n, message_tail("alice", f"s-{n}", 1.5, b"[1]")
                )
                for n in range(1, count + 1)
            ]
        )

    async def dump(self) -> dict[bytes, bytes]:
        """Return every key with what it holds."""
        keys = await self._stream.call("KEYS", f"{self._cluster}:*")
        values = await asyncio.gather(*(self._stream.call("DUMP", key) for key in keys))
        return dict(zip(keys, values, strict=True))


@pytest.fixture
async def shelf(redis_url: str, cluster_name: str) -> AsyncIterator[Shelf]:
    """Give an empty store."""
    stream = RedisStream(redis_url, call_timeout=10.0)
    made = Shelf(stream, cluster_name)
    await stream.open()
    await made.inbox.open()
    yield made
    await stream.close()


async def test_nobody_knows_the_user(shelf: Shelf) -> None:
    look = await shelf.look()
    assert (look.head, look.oldest, look.kept, look.acked) == (0, None, 0, 0)
    assert (look.cursors, look.channels, look.page, look.waiting) == ({}, {}, (), 0)


async def test_everything_is_told(shelf: Shelf) -> None:
    await shelf.inbox.position("bob", "phone")
    await shelf.inbox.position("bob", "tablet")
    await shelf.directory.add("bob", "c1")
    await shelf.fill(20)
    await shelf.inbox.acknowledge("bob", "phone", 15)
    await shelf.inbox.acknowledge("bob", "tablet", 4)
    look = await shelf.look(messages=3)
    assert (look.head, look.oldest, look.kept, look.acked) == (20, 5, 16, 15)
    assert look.cursors == {"phone": 15, "tablet": 4}
    assert look.channels == {"c1": "n1"}
    assert [look.waiting_for(cursor) for cursor in (15, 4)] == [5, 16]
    assert look.waiting == 16
    assert look.kept_bytes is not None
    assert look.kept_bytes > 100
    assert [(m.offset, m.sender, m.id, m.time, m.size) for m in look.page] == [
        (n, "alice", f"s-{n}", 1.5, 3) for n in (5, 6, 7)
    ]
    assert {message.body for message in look.page} == {None}


async def test_bodies_are_told_if_asked_for(shelf: Shelf) -> None:
    await shelf.fill(1)
    look = await shelf.look(bodies=True)
    assert [bytes(message.body or b"") for message in look.page] == [b"[1]"]
    assert (await shelf.look(messages=0)).page == ()


async def test_what_retention_dropped_does_not_wait(shelf: Shelf) -> None:
    await shelf.inbox.position("bob", "phone")
    await shelf.fill(3)
    await shelf._stream.call("DEL", f"{shelf._cluster}:{{bob}}:inbox")
    look = await shelf.look()
    assert (look.head, look.oldest, look.waiting) == (3, None, 0)


async def test_looking_changes_nothing(shelf: Shelf) -> None:
    await shelf.inbox.position("bob", "phone")
    await shelf.fill(20)
    before = await shelf.dump()
    await shelf.look(bodies=True)
    await shelf.look("carol")
    assert await shelf.dump() == before
