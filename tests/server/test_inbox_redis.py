"""What only the inboxes in Redis do; the rest stands in `tests/contract/test_inbox.py`."""

from collections.abc import AsyncIterator

import pytest

from cluster.errors import EpochChanged, ServiceUnavailable
from server.inbox import Retention, Stored
from server.inbox_redis import RedisInbox
from server.redis_errors import CommandFailed
from server.redis_stream import RedisStream
from tests.contract.stores import envelope
from tests.server.redis_speaker import Command, RedisSpeaker, bulk, speaking, well_behaved
from tests.services.stalls import Stalls


def answer(command: Command) -> bytes | None:
    return bulk(b"e1") if command[0] == b"GET" else well_behaved(command)


@pytest.fixture
async def speaker() -> AsyncIterator[RedisSpeaker]:
    async with speaking(answer) as made:
        yield made


@pytest.fixture
async def inbox(speaker: RedisSpeaker) -> AsyncIterator[RedisInbox]:
    stream = RedisStream(speaker.url, call_timeout=0.1)
    made = RedisInbox(stream, "im", Retention(count=100, age=60.0))
    await stream.open()
    await made.open()
    speaker.commands.clear()
    yield made
    await stream.close()


async def test_a_batch_is_one_call_that_names_each_recipient_once(
    speaker: RedisSpeaker, inbox: RedisInbox
) -> None:
    nodes = b"*2\r\n" + bulk(b"n1\nn2") + bulk(b"")
    results = b"*3\r\n:1\r\n:7\r\n*3\r\n:0\r\n:1\r\n:1\r\n"
    speaker.answer = lambda _: b"*2\r\n" + nodes + results
    batch = [envelope(1), envelope(2, "zoë", durable=False), envelope(3)]
    stored = await inbox.append(batch)
    assert stored == [
        Stored(1, 1, ("n1", "n2")),
        Stored(7, 7, ()),
        Stored(None, 1, ("n1", "n2"), repeated=True),
    ]
    (command,) = speaker.commands
    assert command[2:11] == (
        *(b"3", b"im:epoch", b"im:{bob}:head", "im:{zoë}:head".encode()),
        *(b"e1", b"100", b"120000", b"600", b"4096"),
    )
    assert [command[place] for place in (12, 17, 22)] == [b"1", b"2", b"1"]
    assert [command[place] for place in (15, 20, 25)] == [b"1", b"0", b"1"]


async def test_an_empty_batch_calls_nobody(speaker: RedisSpeaker, inbox: RedisInbox) -> None:
    assert await inbox.append([]) == []
    assert speaker.commands == []


async def test_heads_are_asked_for_in_chunks(speaker: RedisSpeaker, inbox: RedisInbox) -> None:
    def heads(command: Command) -> bytes:
        return b"*%d\r\n" % (len(command) - 1) + bulk(b"e1") + b"$-1\r\n" * (len(command) - 2)

    speaker.answer = heads
    assert await inbox.heads([f"u{number}" for number in range(1_001)]) == [0] * 1_001
    assert [len(command) - 2 for command in speaker.commands] == [500, 500, 1]


@pytest.mark.parametrize(("reply", "found"), [(b"e2", "e2"), (b"-", None)])
async def test_the_error_names_the_epoch_that_was_found(
    speaker: RedisSpeaker, inbox: RedisInbox, reply: bytes, found: str | None
) -> None:
    speaker.answer = lambda _: b"-EPOCH %b\r\n" % reply
    with pytest.raises(EpochChanged) as raised:
        await inbox.read("bob", 0, 1)
    assert (raised.value.expected, raised.value.found) == ("e1", found)


async def test_other_refusals_stay_what_they_are(speaker: RedisSpeaker, inbox: RedisInbox) -> None:
    speaker.answer = lambda _: b"-WRONGTYPE Operation against a key\r\n"
    with pytest.raises(CommandFailed, match="WRONGTYPE"):
        await inbox.append([envelope(1)])


async def test_everything_fails_at_once_while_redis_is_away(
    speaker: RedisSpeaker, inbox: RedisInbox
) -> None:
    speaker.answer = lambda _: None
    with pytest.raises(ServiceUnavailable):
        await inbox.append([envelope(1)])
    async with Stalls() as stalls:
        for work in (
            inbox.open(),
            inbox.append([envelope(1)]),
            inbox.position("bob", "phone"),
            inbox.read("bob", 0, 1),
            inbox.heads(["bob"] * 600),
            inbox.acknowledge("bob", "phone", 1),
        ):
            with pytest.raises(ServiceUnavailable):
                await work
        assert stalls.elapsed < 0.1
    assert inbox.epoch == "e1"
