"""The connection that is kept up: what callers and listeners see while it comes and goes."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

import pytest

from cluster.errors import InvalidAddress, ServiceUnavailable
from server.redis_connection import RedisConnection
from server.redis_dialer import RedisDialer
from server.redis_errors import CommandFailed
from server.redis_stream import RedisStream
from tests.server.redis_speaker import Command, RedisSpeaker, speaking, well_behaved
from tests.services import eventually
from tests.services.stalls import Stalls


class Watched:
    """A stream with what it has told."""

    def __init__(self, speaker: RedisSpeaker) -> None:
        self.speaker = speaker
        self.stream = RedisStream(speaker.url, call_timeout=0.1, connect_timeout=0.5)
        self.changes: list[bool] = []
        self.stream.on_change(self.changes.append)

    @property
    def state(self) -> tuple[bool, list[bool]]:
        """Whether the stream is connected, and what it has told about that."""
        return self.stream.connected, self.changes

    async def was_back(self, times: int = 1) -> None:
        """Wait until it has come back so many times."""
        expected = [True, *[False, True] * times]
        await eventually(lambda: self.changes == expected)


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    async with speaking() as speaker:
        made = Watched(speaker)
        await made.stream.open()
        yield made
        await made.stream.close()


async def test_calls_are_answered_between_open_and_close(watched: Watched) -> None:
    assert watched.state == (True, [True])
    assert await watched.stream.call("SET", "a", 1) == b"OK"
    await watched.stream.close()
    await watched.stream.close()
    assert watched.state == (False, [True])
    with pytest.raises(ServiceUnavailable, match="closed"):
        await watched.stream.call("PING")


async def test_opening_twice_opens_once(watched: Watched) -> None:
    await watched.stream.open()
    assert watched.stream.counters.connects == 1


async def test_it_may_be_opened_again_after_it_was_closed(watched: Watched) -> None:
    await watched.stream.close()
    await watched.stream.open()
    assert await watched.stream.call("PING") == b"PONG"


async def test_a_stream_that_could_not_be_opened_may_be_tried_again() -> None:
    async with speaking(lambda _: None) as speaker:
        stream = RedisStream(speaker.url, connect_timeout=0.5)
        with pytest.raises(ServiceUnavailable, match="Redis"):
            await stream.open()
        with pytest.raises(ServiceUnavailable, match="not connected yet"):
            await stream.call("PING")
        speaker.answer = well_behaved
        await stream.open()
        assert await stream.call("PING") == b"PONG"
        await stream.close()


def test_a_url_that_cannot_be_used_is_refused_at_once() -> None:
    with pytest.raises(InvalidAddress):
        RedisStream("http://r1")


async def test_a_lost_connection_is_made_again(watched: Watched) -> None:
    watched.speaker.drop()
    await watched.was_back()
    assert await watched.stream.call("PING") == b"PONG"
    assert (watched.stream.counters.connects, watched.stream.counters.losses) == (2, 1)


async def test_calls_fail_at_once_while_redis_is_away(watched: Watched) -> None:
    watched.speaker.answer = lambda _: None
    watched.speaker.drop()
    await eventually(lambda: not watched.stream.connected)
    calls = [watched.stream.call("PING") for _ in range(1_000)]
    assert all(call.done() for call in calls)
    assert {type(call.exception()) for call in calls} == {ServiceUnavailable}
    assert watched.stream.counters.refused == 1_000


async def test_a_server_that_falls_silent_is_lost_within_the_timeout(watched: Watched) -> None:
    watched.speaker.answer = lambda _: None
    async with Stalls() as stalls:
        with pytest.raises(ServiceUnavailable, match=r"no answer within 0\.1 s"):
            await watched.stream.call("PING")
        assert stalls.elapsed < 0.2
    assert watched.changes == [True, False]
    assert watched.stream.counters.timeouts == 1


async def test_silence_is_noticed_without_any_call(watched: Watched) -> None:
    watched.speaker.answer = lambda _: None
    await eventually(lambda: watched.changes == [True, False])


async def test_it_is_not_back_before_redis_can_answer(watched: Watched) -> None:
    watched.speaker.answer = lambda _: b"-LOADING Redis is loading the dataset in memory\r\n"
    asked = len(watched.speaker.commands)
    watched.speaker.drop()
    await eventually(lambda: watched.speaker.commands[asked:].count((b"PING",)) >= 2)
    assert watched.changes == [True, False]
    with pytest.raises(ServiceUnavailable, match="LOADING"):
        await watched.stream.call("GET", "a")
    watched.speaker.answer = well_behaved
    await watched.was_back()


class StrangeDialer:
    """Fails once in a way that nobody expects, and then dials as another one does."""

    def __init__(self, dialer: RedisDialer) -> None:
        self._dialer = dialer
        self.failed = False

    async def connect(
        self, make: Callable[[], RedisConnection], scripts: Sequence[str]
    ) -> RedisConnection:
        """See `RedisDialer.connect`."""
        if not self.failed:
            self.failed = True
            raise LookupError("nobody expects it")
        return await self._dialer.connect(make, scripts)


async def test_an_attempt_that_fails_unexpectedly_is_not_the_last_one(watched: Watched) -> None:
    strange = StrangeDialer(watched.stream._dialer)
    watched.stream._dialer = cast(RedisDialer, strange)
    watched.speaker.drop()
    await watched.was_back()
    assert strange.failed


async def test_a_listener_may_end_its_subscription_and_may_fail(watched: Watched) -> None:
    heard: list[bool] = []

    def fail(_: bool) -> None:
        raise LookupError("as the test wants it")

    watched.stream.on_change(fail)
    end = watched.stream.on_change(heard.append)
    watched.speaker.drop()
    await watched.was_back(1)
    end()
    watched.speaker.drop()
    await watched.was_back(2)
    assert heard == [False, True]


async def test_closing_while_redis_is_away_ends_the_attempts(watched: Watched) -> None:
    watched.speaker.answer = lambda _: None
    watched.speaker.drop()
    await eventually(lambda: not watched.stream.connected)
    await watched.stream.close()
    assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"redis-stream"})


async def test_error_replies_reach_their_callers(watched: Watched) -> None:
    watched.speaker.answer = lambda _: b"-WRONGTYPE no\r\n"
    with pytest.raises(CommandFailed):
        await watched.stream.call("GET", "a")
    watched.speaker.answer = lambda _: b"-OOM command not allowed\r\n"
    with pytest.raises(ServiceUnavailable, match="OOM"):
        await watched.stream.call("SET", "a", 1)
    assert watched.changes == [True]


async def test_a_server_that_is_no_longer_the_primary_is_left(watched: Watched) -> None:
    watched.speaker.answer = lambda c: (
        b"-READONLY You can't write\r\n" if c[0] == b"SET" else well_behaved(c)
    )
    calls = [watched.stream.call("SET", "a", 1) for _ in range(3)]
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(result, ServiceUnavailable)
    await watched.was_back()


# --- scripts


def _loads(speaker: RedisSpeaker, text: bytes) -> int:
    return speaker.heard(b"SCRIPT", b"LOAD", text)


async def test_a_script_is_called_by_its_name(watched: Watched) -> None:
    script = watched.stream.register_script("return 1")
    await script.call(["k1", "k2"], [1, b"x"])
    name = hashlib.sha1(b"return 1", usedforsecurity=False).hexdigest().encode()
    expected: Command = (b"EVALSHA", name, b"2", b"k1", b"k2", b"1", b"x")
    assert watched.speaker.commands[-2:] == [(b"SCRIPT", b"LOAD", b"return 1"), expected]


async def test_scripts_are_loaded_on_each_connection(watched: Watched) -> None:
    await watched.stream.register_script("return 1").call([])
    watched.speaker.drop()
    await watched.was_back()
    assert _loads(watched.speaker, b"return 1") == 2


async def test_scripts_that_redis_has_forgotten_are_loaded_again(watched: Watched) -> None:
    script = watched.stream.register_script("return 1")
    await script.call([])
    no = b"-NOSCRIPT No matching script. Please use EVAL.\r\n"
    watched.speaker.answer = lambda c: no if c[0] == b"EVALSHA" else well_behaved(c)
    calls: list[asyncio.Future[Any]] = [script.call([]) for _ in range(5)]
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(result, ServiceUnavailable)
    watched.speaker.answer = well_behaved
    await eventually(lambda: _loads(watched.speaker, b"return 1") == 2)
    assert await script.call([]) == b"OK"
    assert watched.stream.counters.reloads == 1
    assert watched.changes == [True]
