"""A test's own Redis does what its methods say."""

from __future__ import annotations

import contextlib

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.services import OwnRedis


def _client(server: OwnRedis) -> contextlib.closing[redis.Redis]:
    once = Retry(NoBackoff(), 0)
    return contextlib.closing(redis.Redis.from_url(server.url, retry=once, socket_timeout=1.0))


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_data_outlive_an_end(own_redis: OwnRedis, end: str) -> None:
    with _client(own_redis) as client:
        client.set("kept", "1")
        getattr(own_redis, end)()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        own_redis.start()
        assert client.get("kept") == b"1"


def test_a_restart_keeps_the_address(own_redis: OwnRedis) -> None:
    url = own_redis.url
    own_redis.restart()
    assert own_redis.url == url
    with _client(own_redis) as client:
        assert client.ping()


def test_a_flush_empties_it(own_redis: OwnRedis) -> None:
    with _client(own_redis) as client:
        client.set("gone", "1")
        own_redis.flush()
        assert client.dbsize() == 0


def test_a_paused_one_says_nothing_until_unpaused(own_redis: OwnRedis) -> None:
    with _client(own_redis) as client:
        own_redis.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        own_redis.unpause()
        assert client.ping()


def test_a_paused_one_can_be_stopped(own_redis: OwnRedis) -> None:
    own_redis.pause()
    own_redis.stop()
    assert own_redis.version() is None


def test_appends_every_write_to_its_file(own_redis: OwnRedis) -> None:
    with _client(own_redis) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
