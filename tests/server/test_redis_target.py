"""How URLs are read."""

import ssl

import pytest

from cluster.errors import InvalidAddress
from server.redis_target import RedisTarget, parse_redis_url


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("redis://r1", RedisTarget("redis://r1", "r1")),
        ("redis://", RedisTarget("redis://")),
        ("redis://r1:7000/3", RedisTarget("redis://r1:7000/3", "r1", 7000, db=3)),
        ("redis://r1?db=2", RedisTarget("redis://r1", "r1", db=2)),
        ("redis://[::1]:7000", RedisTarget("redis://[::1]:7000", "::1", 7000)),
        (
            "redis://node:p%40ss@r1/0",
            RedisTarget("redis://node:***@r1/0", "r1", username="node", password="p@ss"),
        ),
        ("redis://:pw@r1", RedisTarget("redis://:***@r1", "r1", password="pw")),
        ("unix:///run/redis.sock", RedisTarget("unix:///run/redis.sock", path="/run/redis.sock")),
    ],
)
def test_a_url_says_where_and_as_whom(url: str, target: RedisTarget) -> None:
    assert parse_redis_url(url) == target


def test_tls_verifies_the_server_and_its_name() -> None:
    tls = parse_redis_url("rediss://r1").tls
    assert tls is not None
    assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "r1:6379",
        "http://r1",
        "redis://r1:port",
        "redis://r1:99999",
        "redis://r1/zero",
        "redis://r1?db=two",
        "redis://r1?timeout=3",
        "redis://r1?host=r2",
        "rediss://r1?ssl_cert_reqs=none",
        "rediss://r1?ssl_ca_certs=/nowhere.pem",
        "redis://[r1",
    ],
)
def test_what_cannot_be_used_is_refused_with_what_can(url: str) -> None:
    with pytest.raises(InvalidAddress, match="expected redis://"):
        parse_redis_url(url)


@pytest.mark.parametrize(
    "url",
    ["redis://r1?password=secret", "redis://u:secret@r1:port", "redis://:secret@r1?x=secret"],
)
def test_a_password_is_never_shown(url: str) -> None:
    with pytest.raises(InvalidAddress) as raised:
        parse_redis_url(url)
    assert "secret" not in str(raised.value)
