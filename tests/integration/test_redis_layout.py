"""What stands in Redis, key by key, as `docs/data-model.md` has it."""

import json
import re
from collections.abc import AsyncIterator

import pytest

from server.inbox import Retention
from server.redis_stream import RedisStream
from tests.contract.stores import InRedis, envelope, open_redis_store


@pytest.fixture
async def store(redis_url: str, cluster_name: str) -> AsyncIterator[InRedis]:
    async with open_redis_store(redis_url, cluster_name) as opened:
        yield opened


async def _used(store: InRedis) -> None:
    """Leave every kind of key behind."""
    directory, inbox = store.directory("n1"), store.inbox(Retention(age=3_600.0))
    await directory.register_node()
    await directory.add("bob", "c1")
    await inbox.open()
    await inbox.append([envelope(7), envelope(8)])
    await inbox.acknowledge("bob", "phone", 1)
    await inbox.raise_alarm()


async def test_keys_and_their_types(store: InRedis, cluster_name: str) -> None:
    await _used(store)
    found = {}
    for key in await store.stream.call("KEYS", f"{cluster_name}:*"):
        name = key.decode().removeprefix(cluster_name)
        found[name] = (await store.stream.call("TYPE", key)).decode()
    assert found == {
        ":epoch": "string",
        ":alarms": "string",
        ":nodes": "set",
        ":node:n1": "set",
        ":{bob}:channels": "hash",
        ":{bob}:head": "string",
        ":{bob}:inbox": "stream",
        ":{bob}:acked": "string",
        ":{bob}:cursors": "hash",
        ":{bob}:producers": "hash",
    }


async def test_what_the_keys_hold(store: InRedis, cluster_name: str) -> None:
    await _used(store)
    call, bob = store.stream.call, f"{cluster_name}:{{bob}}"
    assert await call("HGETALL", f"{bob}:channels") == [b"c1", b"n1"]
    assert await call("GET", f"{bob}:head") == b"2"
    assert await call("XRANGE", f"{bob}:inbox", "-", "+") == [[b"2-0", [b"m", envelope(8).tail]]]
    assert await call("HGETALL", f"{bob}:cursors") == [b"phone", b"1"]
    producer, last = await call("HGETALL", f"{bob}:producers")
    assert producer == b"alice/s"
    assert re.fullmatch(rb"8 2 \d{10}", last)
    assert await call("SMEMBERS", f"{cluster_name}:node:n1") == [b"bob"]
    assert await call("SMEMBERS", f"{cluster_name}:nodes") == [b"n1"]
    assert re.fullmatch(rb"[0-9a-f]{32}", await call("GET", f"{cluster_name}:epoch"))
    assert json.loads(b"{" + envelope(8).tail)["id"] == "s-8"


async def test_what_expires_and_what_stays(store: InRedis, cluster_name: str) -> None:
    await _used(store)
    lives = {}
    for name in ("inbox", "producers", "head", "cursors", "channels"):
        lives[name] = await store.stream.call("TTL", f"{cluster_name}:{{bob}}:{name}")
    assert 3_600 <= lives["inbox"] <= 3_660
    assert 1_200 <= lives["producers"] <= 1_260
    # An offset that began anew within an epoch would make messages look like old ones.
    assert (lives["head"], lives["cursors"], lives["channels"]) == (-1, -1, -1)


async def test_whoever_writes_prolongs_what_expires(store: InRedis, cluster_name: str) -> None:
    await _used(store)
    call, bob = store.stream.call, f"{cluster_name}:{{bob}}"
    inbox = store.inbox(Retention(age=3_600.0))
    await inbox.open()
    await call("EXPIRE", f"{bob}:inbox", 3_605)
    await call("EXPIRE", f"{bob}:producers", 1_205)
    await inbox.append([envelope(9)])
    # Little of them is gone: not every time.
    assert await call("TTL", f"{bob}:inbox") <= 3_605
    assert await call("TTL", f"{bob}:producers") <= 1_205
    await call("EXPIRE", f"{bob}:inbox", 3_595)
    await call("EXPIRE", f"{bob}:producers", 1_195)
    await inbox.append([envelope(10)])
    assert await call("TTL", f"{bob}:inbox") > 3_605
    assert await call("TTL", f"{bob}:producers") > 1_205


async def test_old_sessions_are_forgotten_when_new_ones_come(
    store: InRedis, cluster_name: str
) -> None:
    inbox, key = store.inbox(), f"{cluster_name}:{{bob}}:producers"
    await inbox.open()
    for number in range(64):
        await store.stream.call("HSET", key, f"old/{number}", f"1 {number + 1} 1000000000")
    await store.stream.call("SET", f"{cluster_name}:{{bob}}:head", 64)
    await inbox.append([envelope(1)])
    left = await store.stream.call("HKEYS", key)
    assert sorted(left) == [b"#", b"alice/s"]


async def test_a_removed_user_leaves_nothing_in_the_node_s_set(
    store: InRedis, cluster_name: str
) -> None:
    directory = store.directory("n1")
    await directory.add_all([("bob", "c1"), ("zoë", "c2")])
    await directory.remove("bob", "c1", last=True)
    assert await store.stream.call("SMEMBERS", f"{cluster_name}:node:n1") == ["zoë".encode()]
    assert await store.stream.call("EXISTS", f"{cluster_name}:{{bob}}:channels") == 0
    await directory.register_node()
    await store.directory("n2").sweep("n1")
    assert await store.stream.call("KEYS", f"{cluster_name}:*") == []


async def test_the_node_s_connection_bears_a_name(store: InRedis) -> None:
    info = await store.stream.call("CLIENT", "INFO")
    assert b" name=im " in info


async def test_a_database_may_be_chosen(redis_url: str, cluster_name: str) -> None:
    stream = RedisStream(redis_url.rpartition("/")[0] + "/1")
    await stream.open()
    assert b" db=1 " in await stream.call("CLIENT", "INFO")
    await stream.close()
