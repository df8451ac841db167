"""The judgement of a Redis."""

from dataclasses import replace

import pytest

from server.doctor.clock import Skew
from server.doctor.finding import Level
from server.doctor.redis import RedisFacts, judge_redis
from tests.server.doctor.told import bad, levels

INFO = {
    "redis_version": "7.0.15",
    "role": "master",
    "cluster_enabled": "0",
    "aof_enabled": "1",
    "aof_last_write_status": "ok",
    "maxmemory": "1000",
    "maxmemory_policy": "noeviction",
    "used_memory": "100",
    "total_system_memory": "1000000",
}
GOOD = RedisFacts(
    "redis://r1", "im", info=INFO, appendfsync="everysec", skew=Skew(0.0, 0.0), epoch="e"
)


def test_a_good_one_passes() -> None:
    assert bad(judge_redis(GOOD)) == []
    assert set(levels(judge_redis(GOOD))) >= {"reachable", "version", "role", "rights", "epoch"}
    assert bad(judge_redis(replace(GOOD, epoch=None, appendfsync=None))) == []
    assert bad(judge_redis(replace(GOOD, appendfsync="always"))) == []


@pytest.mark.parametrize(
    ("changed", "level", "check", "cure"),
    [
        ({"redis_version": "6.2.14"}, Level.FAIL, "version", "redis-server"),
        ({"redis_version": "?"}, Level.FAIL, "version", "redis-server"),
        ({"role": "slave", "master_host": "r0", "master_port": "6"}, Level.FAIL, "role", "r0:6"),
        ({"cluster_enabled": "1"}, Level.FAIL, "mode", "--redis"),
        (
            {"aof_enabled": "0"},
            Level.FAIL,
            "append-only file",
            "redis-cli -h r1 CONFIG SET appendonly yes",
        ),
        ({"aof_last_write_status": "err"}, Level.FAIL, "append-only file", "df -h"),
        ({"maxmemory_policy": "allkeys-lru"}, Level.FAIL, "eviction", "noeviction"),
        ({"used_memory": "900"}, Level.WARN, "memory", "maxmemory"),
        ({"maxmemory": "0", "used_memory": "900000"}, Level.WARN, "memory", "--inbox-max"),
    ],
)
def test_each_setting_that_hurts_is_told_with_its_cure(
    changed: dict[str, str], level: Level, check: str, cure: str
) -> None:
    [finding] = bad(judge_redis(replace(GOOD, info=INFO | changed)))
    assert (finding.level, finding.check) == (level, check)
    assert cure in finding.cure


@pytest.mark.parametrize(
    ("facts", "level", "check", "cure"),
    [
        (replace(GOOD, info=None), Level.WARN, "settings", "redis-cli -h r1 INFO"),
        (replace(GOOD, appendfsync="no"), Level.WARN, "append-only file", "everysec"),
        (replace(GOOD, skew=Skew(99.0, 0.1)), Level.WARN, "clock", "timedatectl"),
        (
            replace(GOOD, refused={"XADD": "NOPERM", "INCR": "NOPERM"}, cluster="c"),
            Level.FAIL,
            "rights",
            "ACL SETUSER ACCOUNT '~c:*' ",
        ),
    ],
)
def test_what_else_hurts_is_told_too(
    facts: RedisFacts, level: Level, check: str, cure: str
) -> None:
    [finding] = bad(judge_redis(facts))
    assert (finding.level, finding.check) == (level, check)
    assert cure in finding.cure


@pytest.mark.parametrize(
    ("failure", "check", "cure"),
    [
        ("Connection refused", "reachable", "systemctl start redis-server"),
        ("does not answer within 3 s", "reachable", "systemctl start"),
        ("Redis refused a command: WRONGPASS invalid", "login", "USER:PASSWORD"),
        ("Redis refused a command: NOAUTH Authentication required", "login", "USER:PASSWORD"),
        ("Redis refused a command: NOPERM no keys", "rights", "ACL SETUSER"),
    ],
)
def test_one_that_cannot_be_used_is_one_finding(failure: str, check: str, cure: str) -> None:
    [finding] = judge_redis(RedisFacts("redis://r1", "im", failure=failure))
    assert (finding.level, finding.check) == (Level.FAIL, check)
    assert failure in finding.found
    assert cure in finding.cure
