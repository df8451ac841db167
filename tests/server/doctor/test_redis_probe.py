"""What is seen of a real Redis, and that nothing is left there."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from scripts.stack.instance import HOST
from scripts.stack.probe import ask
from server.doctor.redis_probe import ask_redis
from server.redis_scripts import script_text
from tests.services import OwnRedis, free_port

TIMEOUT = 10.0
# What docs/data-model.md says that the account needs.
RIGHTS = "~im:* +@read +@write +@scripting +time +ping +select"


def say(redis: OwnRedis, command: str, stop: bytes = b"\r\n") -> bytes:
    """Give a command that succeeds; return the answer."""
    answer = ask(HOST, redis.port, command.encode() + b"\r\n", stop=stop)
    assert not answer.startswith(b"-"), answer
    return answer


def account(redis: OwnRedis, rights: str) -> str:
    """Make an account with these rights and no others; return its URL."""
    say(redis, f"ACL SETUSER node reset on >pw {rights}")
    return f"redis://node:pw@{HOST}:{redis.port}"


async def test_a_good_one_is_seen_whole_and_left_as_it_was(own_redis: OwnRedis) -> None:
    say(own_redis, "SET im:epoch e1")
    facts = await ask_redis(own_redis.url, "im", TIMEOUT)
    assert facts.failure is None
    assert facts.info is not None
    assert (facts.info["role"], facts.info["aof_enabled"]) == ("master", "1")
    assert (facts.appendfsync, facts.epoch, facts.refused) == ("everysec", "e1", {})
    assert facts.skew is not None
    assert abs(facts.skew.ahead) - facts.skew.error < 1.0
    assert say(own_redis, "DBSIZE") == b":1\r\n"
    assert (await ask_redis(own_redis.url, "other", TIMEOUT)).epoch is None


async def test_the_rights_that_the_docs_name_are_enough(own_redis: OwnRedis) -> None:
    facts = await ask_redis(account(own_redis, RIGHTS), "im", TIMEOUT)
    assert (facts.failure, facts.refused) == (None, {})
    assert (facts.info, facts.appendfsync) == (None, None)
    assert say(own_redis, "DBSIZE") == b":0\r\n"


async def test_each_command_that_is_refused_is_named(own_redis: OwnRedis) -> None:
    facts = await ask_redis(account(own_redis, RIGHTS + " -xadd -incr"), "im", TIMEOUT)
    assert set(facts.refused) == {"XADD", "INCR"}
    assert say(own_redis, "DBSIZE") == b":0\r\n"


async def test_what_can_not_be_deleted_is_gone_soon(own_redis: OwnRedis) -> None:
    await ask_redis(account(own_redis, RIGHTS + " -del"), "im", TIMEOUT)
    [key] = re.findall(rb"im:\{doctor-\w+\}:head", say(own_redis, "KEYS *", stop=b":head\r\n"))
    assert 0 < int(say(own_redis, f"PTTL {key.decode()}")[1:]) <= 5000


async def test_keys_of_another_cluster_are_refused(own_redis: OwnRedis) -> None:
    facts = await ask_redis(account(own_redis, RIGHTS), "other", TIMEOUT)
    assert facts.failure is not None
    assert "NOPERM" in facts.failure


async def test_a_wrong_password_is_told(own_redis: OwnRedis) -> None:
    facts = await ask_redis(f"redis://:wrong@{HOST}:{own_redis.port}", "im", TIMEOUT)
    assert "AUTH" in (facts.failure or "") or "WRONGPASS" in (facts.failure or "")
    assert "wrong@" not in facts.address


async def test_on_a_replica_nothing_is_tried(own_redis: OwnRedis) -> None:
    say(own_redis, f"REPLICAOF {HOST} {free_port()}")
    facts = await ask_redis(own_redis.url, "im", TIMEOUT)
    assert facts.info is not None
    assert (facts.info["role"], facts.refused, facts.failure) == ("slave", {}, None)


async def test_one_that_hangs_is_given_up_in_time(own_redis: OwnRedis) -> None:
    own_redis.pause()
    try:
        facts = await ask_redis(own_redis.url, "im", 0.5)
    finally:
        own_redis.unpause()
    assert "within 0.5 s" in (facts.failure or "")


def test_every_command_of_a_node_is_tried() -> None:
    sources = [script_text(path.name.removesuffix(".lua")) for path in _scripts()]
    used = {name for text in sources for name in re.findall(r"call\('([A-Z]+)'", text)}
    folder = Path(str(files("server")))
    for name in ("directory_redis.py", "inbox_redis.py"):
        given = r'(?:call\(|_write\(|call\(.*, \()\s*"([A-Z]+)"'
        used |= set(re.findall(given, (folder / name).read_text()))
    tried = set(re.findall(r"try\('([A-Z]+)'", script_text("rights")))
    assert {"XADD", "SADD", "SMEMBERS", "INCR"} <= used
    assert used - tried == set()


def _scripts() -> list[Path]:
    folder = Path(str(files("server"))) / "lua"
    return [path for path in folder.glob("*.lua") if path.stem != "rights"]


@pytest.mark.parametrize("word", ["DEL", "PEXPIRE"])
def test_the_trial_cleans_up(word: str) -> None:
    assert f"'{word}', key" in script_text("rights")
