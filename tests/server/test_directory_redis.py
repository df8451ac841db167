"""What only the directory in Redis does; the rest stands in `tests/contract/test_directory.py`."""

from collections.abc import AsyncIterator

import pytest

from cluster.errors import ServiceUnavailable
from server.directory_redis import RedisDirectory
from server.redis_stream import RedisStream
from tests.server.redis_speaker import Command, RedisSpeaker, speaking, well_behaved
from tests.services.stalls import Stalls


@pytest.fixture
async def speaker() -> AsyncIterator[RedisSpeaker]:
    async with speaking() as made:
        yield made


@pytest.fixture
async def directory(speaker: RedisSpeaker) -> AsyncIterator[RedisDirectory]:
    stream = RedisStream(speaker.url, call_timeout=0.1)
    made = RedisDirectory(stream, "im", "n1")
    await stream.open()
    speaker.commands.clear()
    speaker.reads = 0
    yield made
    await stream.close()


def written(speaker: RedisSpeaker) -> list[Command]:
    """Return the commands that `when_full` was asked to run."""
    evals = [command for command in speaker.commands if command[0] == b"EVALSHA"]
    return [(command, key, *rest) for _, _sha, _count, key, command, *rest in evals]


async def test_a_user_is_noted_for_the_sweep_before_the_channel_is_entered(
    speaker: RedisSpeaker, directory: RedisDirectory
) -> None:
    await directory.add("bob", "c1")
    assert written(speaker) == [
        (b"SADD", b"im:nodes", b"n1"),
        (b"SADD", b"im:node:n1", b"bob"),
        (b"HSET", b"im:{bob}:channels", b"c1", b"n1"),
    ]
    assert (len(speaker.commands), speaker.reads) == (3, 1)


async def test_a_user_is_forgotten_after_the_last_channel_has_gone(
    speaker: RedisSpeaker, directory: RedisDirectory
) -> None:
    await directory.remove("bob", "c1", last=False)
    await directory.remove("bob", "c2", last=True)
    assert [command[0] for command in speaker.commands] == [b"EVALSHA", b"EVALSHA", b"SREM"]


async def test_many_channels_are_entered_in_chunks(
    speaker: RedisSpeaker, directory: RedisDirectory
) -> None:
    await directory.add_all((f"u{number}", "c") for number in range(1_001))
    commands = written(speaker)
    sizes = [len(command) - 2 for command in commands if command[1] == b"im:node:n1"]
    assert sizes == [500, 500, 1]
    assert sum(command[0] == b"HSET" for command in commands) == 1_001


async def test_the_channels_of_many_are_looked_up_in_one_write(
    speaker: RedisSpeaker, directory: RedisDirectory
) -> None:
    speaker.answer = lambda _: b"*2\r\n$1\r\nc\r\n$1\r\nn\r\n"
    assert await directory.lookup(["a", "b"]) == [{"c": "n"}, {"c": "n"}]
    assert speaker.reads == 1


async def test_a_sweep_that_is_interrupted_leaves_the_rest_to_be_found(
    speaker: RedisSpeaker, directory: RedisDirectory
) -> None:
    speaker.answer = lambda c: b"*1\r\n$3\r\nbob\r\n" if c[0] == b"SRANDMEMBER" else None
    with pytest.raises(ServiceUnavailable):
        await directory.sweep("dead")
    assert speaker.heard(b"SREM") == 0


async def test_everything_fails_at_once_while_redis_is_away(
    speaker: RedisSpeaker, directory: RedisDirectory
) -> None:
    speaker.answer = lambda _: None
    with pytest.raises(ServiceUnavailable):
        await directory.register_node()
    async with Stalls() as stalls:
        for work in (
            directory.register_node(),
            directory.add("bob", "c1"),
            directory.add_all([("bob", "c1")]),
            directory.remove("bob", "c1", last=True),
            directory.lookup(["bob", "zoë"]),
            directory.incarnations(),
            directory.sweep("dead"),
        ):
            with pytest.raises(ServiceUnavailable):
                await work
        assert stalls.elapsed < 0.1
    speaker.answer = well_behaved
