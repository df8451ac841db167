"""Addresses of services are found, and led through forwarders without losing anything else."""

from __future__ import annotations

import pytest

from cluster.errors import InvalidAddress
from scripts.trial_lib.endpoints import endpoints, led_through
from scripts.trial_lib.target import Target


@pytest.mark.parametrize(
    ("target", "address", "found", "led"),
    [
        (Target.ZOOKEEPER, "zk1:2181/a/b", [("zk1", 2181)], "127.0.0.1:9/a/b"),
        (Target.ZOOKEEPER, "[::1]", [("::1", 2181)], "127.0.0.1:9"),
        (Target.REDIS, "redis://r1", [("r1", 6379)], "redis://127.0.0.1:9"),
        (
            Target.REDIS,
            "redis://me:secret@r1:7000/3?protocol=3",
            [("r1", 7000)],
            "redis://me:secret@127.0.0.1:9/3?protocol=3",
        ),
        (
            Target.RABBITMQ,
            "amqp://guest:guest@mq:5673/%2F",
            [("mq", 5673)],
            "amqp://guest:guest@127.0.0.1:9/%2F",
        ),
    ],
)
def test_addresses(target: Target, address: str, found: list[tuple[str, int]], led: str) -> None:
    assert endpoints(target, address) == found
    assert led_through(target, address, [9]) == led


def test_an_ensemble_gets_a_forwarder_for_each_server() -> None:
    address = "zk1:2181,zk2:2182/chroot"
    assert endpoints(Target.ZOOKEEPER, address) == [("zk1", 2181), ("zk2", 2182)]
    assert led_through(Target.ZOOKEEPER, address, [8, 9]) == "127.0.0.1:8,127.0.0.1:9/chroot"


@pytest.mark.parametrize(
    ("target", "address"),
    [
        (Target.REDIS, "r1:6379"),
        (Target.REDIS, "rediss://r1"),
        (Target.REDIS, "redis://r1:port"),
        (Target.RABBITMQ, "amqp://"),
        (Target.ZOOKEEPER, "zk1:port"),
    ],
)
def test_what_cannot_be_led_through_a_forwarder_is_refused(target: Target, address: str) -> None:
    with pytest.raises(InvalidAddress):
        endpoints(target, address)
