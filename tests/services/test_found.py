"""Services are found by the environment; what is missing fails with its cure."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scripts.stack.probe import rabbitmq_version, redis_version
from tests.services import ZooKeeper, free_port
from tests.services.found import find_image, find_own_zookeeper, find_server, find_zookeeper

Probe = Callable[[str, int], str | None]
Failed = pytest.fail.Exception


def test_uses_a_zookeeper_that_is_named(zookeeper: ZooKeeper) -> None:
    found = find_zookeeper({"IM_TEST_ZK": zookeeper.hosts})
    assert found.hosts == zookeeper.hosts
    assert found.origin == zookeeper.hosts


def test_an_image_that_cant_be_had_is_named_with_the_cure() -> None:
    with pytest.raises(Failed, match=r"no image localhost:1/none .*: run scripts/zookeeper-image"):
        find_image({"IM_TEST_ZOOKEEPER_IMAGE": "localhost:1/none"})


def test_without_docker_and_address_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{free_port()}")
    with pytest.raises(Failed, match=r"no Docker engine .*: start Docker, or set IM_TEST_ZK"):
        find_zookeeper({})


def test_without_docker_a_named_zookeeper_refuses_to_be_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{free_port()}")
    found = find_own_zookeeper({"IM_TEST_ZK": "127.0.0.1:2181"})
    with pytest.raises(AssertionError, match=r"can't stop the ZooKeeper at 127\.0\.0\.1:2181"):
        found.stop()


@pytest.mark.parametrize(
    ("title", "url", "probe"),
    [
        ("Redis", "redis://127.0.0.1:{}/0", redis_version),
        ("RabbitMQ", "amqp://guest:guest@127.0.0.1:{}/%2F", rabbitmq_version),
    ],
)
def test_a_missing_server_is_named_with_the_cure(title: str, url: str, probe: Probe) -> None:
    address = url.format(free_port())
    with pytest.raises(Failed, match=f"no {title} answers at .* scripts/services up"):
        find_server(title, address, 1, probe)
