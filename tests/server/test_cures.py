"""A cure names the option, and fits what is wrong."""

import pytest

from cluster.errors import ServiceUnavailable
from server.bus_rabbitmq_reason import LOGIN_REFUSED, VHOST_REFUSED
from server.cures import cure_of

REDIS_REFUSES = "Redis refused a command: WRONGPASS invalid username-password pair"


@pytest.mark.parametrize(
    ("service", "script", "option"),
    [
        ("ZooKeeper", "zookeeper", "--zk"),
        ("Redis", "redis", "--redis"),
        ("RabbitMQ", "rabbitmq", "--amqp"),
    ],
)
def test_one_that_is_away_is_to_be_started(service: str, script: str, option: str) -> None:
    cure = cure_of(ServiceUnavailable(service, "h:1", "Connection refused"))
    assert f"scripts/services up {script}" in cure
    assert option in cure


@pytest.mark.parametrize(
    ("service", "reason", "option"),
    [
        ("Redis", REDIS_REFUSES, "--redis"),
        ("Redis", "Redis refused a command: NOPERM no keys", "--redis"),
        ("RabbitMQ", LOGIN_REFUSED, "--amqp"),
        ("RabbitMQ", VHOST_REFUSED, "--amqp"),
    ],
)
def test_one_that_refuses_is_not(service: str, reason: str, option: str) -> None:
    cure = cure_of(ServiceUnavailable(service, "h:1", reason))
    assert f"the account in {option}" in cure
    assert "start" not in cure


def test_znodes_of_others_are_a_matter_of_rights() -> None:
    reason = "no list of nodes within 5 s: NoAuthError"
    assert "rights" in cure_of(ServiceUnavailable("ZooKeeper", "h:1/prod", reason))
