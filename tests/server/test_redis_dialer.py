"""How a connection is made: what is sent, in which order, and what goes wrong."""

import asyncio
from pathlib import Path

import pytest

from cluster.errors import ServiceUnavailable
from server.redis_connection import RedisConnection
from server.redis_dialer import RedisDialer
from server.redis_errors import refusal
from server.redis_target import parse_redis_url
from tests.server.redis_speaker import Command, bulk, speaking, well_behaved
from tests.services import eventually


def dialer(url: str, timeout: float = 5.0) -> RedisDialer:
    return RedisDialer(parse_redis_url(url), timeout, "im")


def connection() -> RedisConnection:
    return RedisConnection(
        5.0,
        refusal=lambda text: refusal(text, "redis://r1"),
        lost=lambda reason: ServiceUnavailable("Redis", "redis://r1", reason),
        on_lost=lambda _: None,
    )


async def test_everything_is_said_at_once_and_in_order() -> None:
    async with speaking() as speaker:
        url = f"redis://node:secret@127.0.0.1:{speaker.port}/3"
        made = await dialer(url).connect(connection, ["return 1", "return 2"])
        assert speaker.commands == [
            (b"AUTH", b"node", b"secret"),
            (b"SELECT", b"3"),
            (b"SCRIPT", b"LOAD", b"return 1"),
            (b"SCRIPT", b"LOAD", b"return 2"),
            (b"PING",),
            (b"CLIENT", b"INFO"),
            (b"CLIENT", b"SETNAME", b"im"),
        ]
        assert speaker.reads == 1
        made.end("done")


async def test_the_default_account_logs_in_by_its_password_alone() -> None:
    async with speaking() as speaker:
        url = f"redis://:secret@127.0.0.1:{speaker.port}"
        (await dialer(url).connect(connection, [])).end("done")
        assert speaker.commands[0] == (b"AUTH", b"secret")


async def test_a_unix_socket_is_dialled(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    async with speaking(path=path):
        made = await dialer(f"unix://{path}").connect(connection, [])
        assert await made.call(("PING",)) == b"PONG"
        made.end("done")


async def test_the_connection_before_is_ended_first_on_the_server() -> None:
    async with speaking() as speaker:
        dial = dialer(speaker.url)
        (await dial.connect(connection, [])).end("done")
        assert speaker.heard(b"CLIENT", b"KILL") == 0
        (await dial.connect(connection, [])).end("done")
        kill = (b"CLIENT", b"KILL", b"ID", b"7", b"ADDR", b"127.0.0.1:99")
        assert speaker.commands[-1] == kill


async def test_what_the_account_may_not_do_is_done_without() -> None:
    def refuse_client(command: Command) -> bytes | None:
        no = b"-NOPERM this user has no permissions to run the 'client' command\r\n"
        return no if command[0] == b"CLIENT" else well_behaved(command)

    async with speaking(refuse_client) as speaker:
        dial = dialer(speaker.url)
        (await dial.connect(connection, [])).end("done")
        (await dial.connect(connection, [])).end("done")
        assert speaker.heard(b"CLIENT", b"KILL") == 0


async def test_a_connection_that_the_server_does_not_describe_is_not_ended_there() -> None:
    def describe_nothing(command: Command) -> bytes | None:
        return bulk(b"lib-name=") if command[0] == b"CLIENT" else well_behaved(command)

    async with speaking(describe_nothing) as speaker:
        dial = dialer(speaker.url)
        (await dial.connect(connection, [])).end("done")
        (await dial.connect(connection, [])).end("done")
        assert speaker.heard(b"CLIENT", b"KILL") == 0


@pytest.mark.parametrize(
    ("refused", "reply", "reason"),
    [
        (b"AUTH", b"-WRONGPASS invalid username-password pair\r\n", "invalid username-password"),
        (b"PING", b"-LOADING Redis is loading the dataset in memory\r\n", "LOADING Redis is"),
        (b"SCRIPT", b"-ERR Error compiling script\r\n", "ERR Error compiling script"),
        (b"SELECT", b"-ERR DB index is out of range\r\n", "DB index is out of range"),
    ],
)
async def test_what_is_refused_is_told(refused: bytes, reply: bytes, reason: str) -> None:
    async with speaking(lambda c: reply if c[0] == refused else well_behaved(c)) as speaker:
        url = f"redis://:secret@127.0.0.1:{speaker.port}/1"
        with pytest.raises(ServiceUnavailable, match=reason):
            await dialer(url).connect(connection, ["return 1"])


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    async with speaking() as speaker:
        port = speaker.port
    with pytest.raises(ServiceUnavailable) as raised:
        await dialer(f"redis://:secret@127.0.0.1:{port}").connect(connection, [])
    assert raised.value.reason == "Connection refused"
    assert raised.value.address == f"redis://:***@127.0.0.1:{port}"


async def test_a_name_that_does_not_exist_is_told() -> None:
    with pytest.raises(ServiceUnavailable, match=r"Redis at redis://no\.invalid: .+"):
        await dialer("redis://no.invalid").connect(connection, [])


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async with speaking(lambda _: None) as speaker:
        with pytest.raises(ServiceUnavailable, match=r"no answer within 0\.1 s"):
            await dialer(speaker.url, 0.1).connect(connection, [])


async def test_a_server_that_hangs_up_is_told() -> None:
    async with speaking() as speaker:
        speaker.answer = lambda _: speaker.drop()
        with pytest.raises(ServiceUnavailable):
            await dialer(speaker.url).connect(connection, [])


async def test_a_cancelled_attempt_leaves_no_connection() -> None:
    made: list[RedisConnection] = []

    def make() -> RedisConnection:
        made.append(connection())
        return made[-1]

    async with speaking(lambda _: None) as speaker:
        attempt = asyncio.create_task(dialer(speaker.url).connect(make, []))
        await eventually(lambda: speaker.commands)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        assert made[0].ended == "given up while connecting"
