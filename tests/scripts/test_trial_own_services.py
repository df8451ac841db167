"""The services of a trial are its own, and are what faults need them to be."""

from __future__ import annotations

from pathlib import Path

from scripts.stack.instance import HOST
from scripts.stack.probe import ask, listens
from scripts.stack.waiting import wait_until
from scripts.trial_lib.own_services import OwnServices
from scripts.trial_lib.target import Target


def test_redis_syncs_as_it_is_told_and_survives_a_kill(tmp_path: Path) -> None:
    services = OwnServices(tmp_path, (Target.REDIS,), "always")
    assert list(services.addresses) == [Target.REDIS]
    services.start()
    try:
        port = services.redis.port
        assert b"always" in ask(HOST, port, b"CONFIG GET appendfsync\r\n", stop=b"always")
        assert ask(HOST, port, b"SET key value\r\n", stop=b"\r\n") == b"+OK\r\n"
        services.redis.kill()
        services.redis.start()
        assert b"value" in ask(HOST, port, b"GET key\r\n", stop=b"value")
    finally:
        services.end()
    assert wait_until(lambda: not listens(HOST, port), 5.0)
    services.end()


def test_zookeeper_can_be_frozen_and_restarted(tmp_path: Path) -> None:
    services = OwnServices(tmp_path, (Target.ZOOKEEPER,), "always")
    services.start()
    try:
        host, port = services.zookeeper.hosts.split(":")
        services.zookeeper.pause()
        assert listens(host, int(port))
        services.zookeeper.unpause()
        services.zookeeper.stop()
        assert not listens(host, int(port))
        services.zookeeper.restart()
        assert ask(host, int(port), b"ruok") == b"imok"
    finally:
        services.end()
    assert not listens(host, int(port))
