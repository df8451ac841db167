"""Connections are cut in the middle of everything: no hang, no mix-up, nothing lost or doubled."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.errors import ServiceUnavailable
from server.inbox_redis import RedisInbox
from server.redis_stream import RedisStream
from tests.contract.stores import envelope
from tests.services import Forwarder, eventually
from tests.services.leftovers import remove_keys

T = TypeVar("T")

MESSAGES = 200


class Cuts:
    """A stream that leads to Redis through a forwarder, which is cut at random moments."""

    def __init__(self, url: str, seed: int) -> None:
        parts = urlsplit(url)
        self._forwarder = Forwarder(parts.hostname or "127.0.0.1", parts.port or 6379)
        self._random = random.Random(seed)
        self.stream = RedisStream(f"redis://{self._forwarder.address}{parts.path}")

    async def is_back(self) -> None:
        """Wait until calls can be made."""
        await eventually(lambda: self.stream.connected)

    async def cut(self) -> None:
        """Cut eight times, at moments that the seed decides; nothing is waited for."""
        for _ in range(8):
            await asyncio.sleep(self._random.uniform(0.0, 0.06))
            await asyncio.to_thread(self._forwarder.cut)

    async def close(self) -> None:
        await self.stream.close()
        await asyncio.to_thread(self._forwarder.close)


@asynccontextmanager
async def cutting(url: str, seed: int) -> AsyncIterator[tuple[Cuts, "asyncio.Task[None]"]]:
    """Give an open stream, and the task that ends with the last cut."""
    cuts = Cuts(url, seed)
    try:
        await cuts.stream.open()
        async with asyncio.TaskGroup() as group:
            yield cuts, group.create_task(cuts.cut())
    finally:
        await cuts.close()


async def _echoes(url: str, seed: int) -> None:
    """Ask for many different answers; each must be the caller's own."""
    pick = random.Random(seed)
    answered = 0
    async with cutting(url, seed) as (cuts, task):

        async def ask(number: int) -> None:
            nonlocal answered
            word = b"%d:" % number + b"x" * pick.choice((0, 10, 5_000, 100_000))
            call = cuts.stream.call("ECHO", word)
            if pick.random() < 0.1:
                call.cancel()
                return
            try:
                assert await call == word
                answered += 1
            except ServiceUnavailable:
                await cuts.is_back()

        number = 0
        # A slow machine may have answered nothing before the last cut.
        while not (task.done() and answered):
            await asyncio.gather(*(ask(number + each) for each in range(20)))
            number += 20
        # The last cut may still have to be noticed.
        assert await _until_it_works(cuts, lambda: cuts.stream.call("ECHO", "last")) == b"last"


async def _retries(url: str, cluster: str, seed: int) -> None:
    """Append again whatever failed; every message must be stored once and in order."""
    async with cutting(url, seed) as (cuts, task):
        inbox = RedisInbox(cuts.stream, cluster)
        await _until_it_works(cuts, inbox.open)
        number = 0
        while number < MESSAGES or not task.done():
            batch = [envelope(number + each) for each in range(1, 11)]
            stored = await _until_it_works(cuts, partial(inbox.append, batch))
            assert stored[-1].offset == number + 10
            number += 10
        read = await _until_it_works(cuts, partial(inbox.read, "bob", 0, number + 10))
        assert read == [(each, envelope(each).tail) for each in range(1, number + 1)]


async def _until_it_works(cuts: Cuts, work: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await work()
        except ServiceUnavailable:
            await cuts.is_back()


@given(seed=st.integers(0, 2**32))
@settings(max_examples=8)
def test_each_reply_goes_to_its_own_call(redis_url: str, seed: int) -> None:
    asyncio.run(_echoes(redis_url, seed))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=8)
def test_what_is_appended_again_is_stored_once(redis_url: str, seed: int) -> None:
    cluster = f"t{uuid.uuid4().hex[:8]}"
    try:
        asyncio.run(_retries(redis_url, cluster, seed))
    finally:
        remove_keys(redis_url, cluster)
