"""The stream of calls on one connection: order, timeouts, and what a server may do wrong."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from cluster.errors import ServiceUnavailable
from server.redis_connection import RedisConnection
from server.redis_errors import CommandFailed, refusal
from tests.server.redis_speaker import Command, RedisSpeaker, bulk, speaking
from tests.services import eventually
from tests.services.stalls import Stalls


def echo(command: Command) -> bytes | None:
    """Answer ECHO as Redis does; say an error to ERROR, nothing to HUSH."""
    if command[0] == b"HUSH":
        return None
    if command[0] == b"ERROR":
        return b"-WRONGTYPE as asked\r\n"
    return bulk(command[1])


class Calls:
    """A connection to a speaker, and what it has told."""

    def __init__(self, speaker: RedisSpeaker, timeout: float) -> None:
        self.speaker = speaker
        self.losses: list[RedisConnection] = []
        self.connection = RedisConnection(
            timeout,
            refusal=lambda text: refusal(text, "redis://r1"),
            lost=lambda reason: ServiceUnavailable("Redis", "redis://r1", reason),
            on_lost=self.losses.append,
        )

    def __call__(self, *args: str | bytes | int | float) -> "asyncio.Future[Any]":
        return self.connection.call(args)


@asynccontextmanager
async def calling(timeout: float = 5.0) -> AsyncIterator[Calls]:
    async with speaking(echo) as speaker:
        calls = Calls(speaker, timeout)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: calls.connection, "127.0.0.1", speaker.port)
        yield calls
        calls.connection.end("the test is over")
        # Let the transport notice that it was aborted.
        await asyncio.sleep(0)


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with calling() as made:
        yield made


async def test_calls_of_one_iteration_go_out_in_one_write(calls: Calls) -> None:
    replies = await asyncio.gather(*(calls("ECHO", number) for number in range(100)))
    assert replies == [b"%d" % number for number in range(100)]
    assert calls.speaker.reads == 1


async def test_arguments_may_be_text_bytes_and_numbers(calls: Calls) -> None:
    await calls("ECHO", "zoë", b"\x00\r\n", 7, 1.5)
    assert calls.speaker.commands == [(b"ECHO", "zoë".encode(), b"\x00\r\n", b"7", b"1.5")]


async def test_an_argument_that_cannot_be_sent_disturbs_no_other_call(calls: Calls) -> None:
    first = calls("ECHO", 1)
    with pytest.raises(Exception, match="str, int, float or bytes"):
        calls("ECHO", object())  # type: ignore[arg-type]
    assert (await first, await calls("ECHO", 2)) == (b"1", b"2")


async def test_an_error_reply_fails_its_own_call_only(calls: Calls) -> None:
    first, second, third = calls("ECHO", 1), calls("ERROR"), calls("ECHO", 3)
    assert await first == b"1"
    with pytest.raises(CommandFailed, match="WRONGTYPE as asked"):
        await second
    assert await third == b"3"


async def test_the_reply_to_a_call_that_was_given_up_is_dropped(calls: Calls) -> None:
    first, second, third = (calls("ECHO", number) for number in (1, 2, 3))
    second.cancel()
    assert (await first, await third) == (b"1", b"3")
    given_up = calls("ERROR")
    given_up.cancel()
    assert await calls("ECHO", 4) == b"4"


async def test_replies_of_every_kind_arrive(calls: Calls) -> None:
    replies = iter([b"$-1\r\n", b":-5\r\n", b"*2\r\n$1\r\na\r\n*1\r\n$-1\r\n", b"*0\r\n"])
    calls.speaker.answer = lambda _: next(replies)
    assert [await calls("ANY") for _ in range(4)] == [None, -5, [b"a", [None]], []]


async def test_a_reply_in_pieces_is_put_together(calls: Calls) -> None:
    big = b"x" * 3_000_000
    first, second = calls("ECHO", big), calls("ECHO", 2)
    assert (await first, await second) == (big, b"2")


async def test_an_unanswered_call_ends_the_connection_and_fails_all() -> None:
    async with calling(timeout=0.1) as calls:
        assert await calls("ECHO", 1) == b"1"
        started = time.monotonic()
        async with Stalls() as stalls:
            results = await asyncio.gather(calls("HUSH"), calls("HUSH"), return_exceptions=True)
            assert stalls.elapsed < 0.2
        assert time.monotonic() - started >= 0.1
        assert [type(result) for result in results] == [ServiceUnavailable] * 2
        assert calls.losses == [calls.connection]
        assert calls.connection.timed_out


async def test_time_counts_for_each_write_apart() -> None:
    async with calling(timeout=0.2) as calls:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while loop.time() < begun + 0.5:
            await calls("ECHO", 1)
        assert calls.connection.ended is None


async def _answer_in_pieces(calls: Calls, pieces: Sequence[bytes]) -> "asyncio.Future[Any]":
    """Call, and have the answer come bit by bit, each half the timeout after the one before."""
    calls.speaker.answer = lambda _: None
    call = calls("ECHO", "abcd")
    await eventually(lambda: calls.speaker.commands)
    [conversation] = calls.speaker.conversations
    assert conversation.transport is not None
    for piece in pieces:
        await asyncio.wait([call], timeout=0.1)
        conversation.transport.write(piece)
    return call


async def test_an_answer_on_its_way_is_no_silence() -> None:
    async with calling(timeout=0.2) as calls:
        pieces = (b"$4\r\n", b"a", b"b", b"c", b"d\r\n")
        assert await (await _answer_in_pieces(calls, pieces)) == b"abcd"
        assert calls.connection.ended is None


async def test_an_answer_that_stops_halfway_is_silence() -> None:
    async with calling(timeout=0.2) as calls:
        call = await _answer_in_pieces(calls, (b"$4\r\n", b"a"))
        with pytest.raises(ServiceUnavailable, match=r"no answer within 0\.2 s"):
            await call


async def _held_up() -> None:
    async with calling(timeout=0.05) as calls:
        call = calls("ECHO", 1)
        await eventually(lambda: calls.speaker.commands)
        # The reply waits in the socket while the loop stands still for longer than the timeout.
        asyncio.get_running_loop().call_soon(_stand_still, 0.2)
        assert await call == b"1"


def _stand_still(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def _order() -> None:
    async with calling() as calls:
        replies = await asyncio.gather(*(calls("ECHO", number) for number in range(1_000)))
        assert replies == [b"%d" % number for number in range(1_000)]


def test_a_loop_that_was_held_up_does_not_blame_the_server() -> None:
    asyncio.run(_held_up())


@pytest.mark.parametrize("work", [_held_up, _order])
def test_it_is_the_same_on_uvloop(work: Any) -> None:
    coroutine: Coroutine[Any, Any, None] = work()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(coroutine)


async def test_the_limit_may_be_changed_while_calls_are_pending() -> None:
    async with calling(timeout=60.0) as calls:
        pending = calls("HUSH")
        await eventually(lambda: calls.speaker.commands)
        calls.connection.limit(0.05)
        with pytest.raises(ServiceUnavailable, match=r"no answer within 0\.05 s"):
            await pending


@pytest.mark.parametrize(
    ("said", "reason"),
    [(b"?what\r\n", "does not speak the protocol"), (b"+1\r\n+2\r\n", "never sent")],
)
async def test_a_server_that_talks_nonsense_is_left(calls: Calls, said: bytes, reason: str) -> None:
    calls.speaker.answer = lambda _: said
    await asyncio.gather(calls("ANY"), return_exceptions=True)
    await eventually(lambda: calls.losses)
    assert reason in (calls.connection.ended or "")


async def test_a_connection_that_the_server_ends_fails_what_is_pending(calls: Calls) -> None:
    pending = calls("HUSH")
    await eventually(lambda: calls.speaker.commands)
    calls.speaker.drop()
    with pytest.raises(ServiceUnavailable):
        await pending
    with pytest.raises(ServiceUnavailable):
        await calls("ECHO", 1)
    assert calls.losses == [calls.connection]


async def test_it_ends_once(calls: Calls) -> None:
    calls.connection.end("first")
    calls.connection.end("second")
    assert (calls.connection.ended, len(calls.losses)) == ("first", 1)
