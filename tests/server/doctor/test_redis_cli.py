"""A cure is for the Redis that was looked at."""

import pytest

from server.doctor.redis_cli import redis_cli


@pytest.mark.parametrize(
    ("address", "command"),
    [
        ("redis://127.0.0.1:6379/0", "redis-cli"),
        ("redis://localhost", "redis-cli"),
        ("redis://127.0.0.1:6380", "redis-cli -p 6380"),
        ("redis://r1", "redis-cli -h r1"),
        ("redis://[::1]:7000", "redis-cli -h ::1 -p 7000"),
        ("redis://:***@r1:6379", "redis-cli -h r1 --askpass"),
        ("rediss://a%20b:***@r1", "redis-cli -h r1 --tls --user 'a b' --askpass"),
        ("unix:///run/redis.sock", "redis-cli -s /run/redis.sock"),
    ],
)
def test_the_command_leads_to_the_server(address: str, command: str) -> None:
    assert redis_cli(address) == command
