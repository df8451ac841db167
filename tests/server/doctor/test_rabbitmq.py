"""The judgement of a RabbitMQ."""

from dataclasses import replace

import pytest

from server.bus_rabbitmq_reason import LOGIN_REFUSED, VHOST_REFUSED
from server.doctor.finding import Level
from server.doctor.rabbitmq import RabbitmqFacts, judge_rabbitmq
from tests.server.doctor.told import bad, levels

GOOD = RabbitmqFacts(
    "amqp://node:***@mq1:5672/chat",
    "im",
    10,
    version="RabbitMQ 3.10.8",
    heartbeat=10,
    exchange="",
)


def test_a_good_one_passes_and_says_where_policies_are_seen() -> None:
    findings = judge_rabbitmq(GOOD)
    assert bad(findings) == []
    assert "rabbitmqctl list_policies -p chat" in findings[-1].found
    assert bad(judge_rabbitmq(replace(GOOD, exchange=None))) == []


@pytest.mark.parametrize(
    ("facts", "level", "check", "cure"),
    [
        (replace(GOOD, heartbeat=60), Level.WARN, "heartbeat", "heartbeat = 10"),
        (replace(GOOD, heartbeat=0), Level.WARN, "heartbeat", "heartbeat = 10"),
        (replace(GOOD, exchange="inequivalent arg (406)"), Level.FAIL, "exchange", "im.fanout"),
        (replace(GOOD, blocked=True), Level.FAIL, "alarms", "rabbitmq-diagnostics alarms"),
        (
            replace(GOOD, refused=("bind", "access refused (403)")),
            *(Level.FAIL, "rights", "rabbitmqctl set_permissions -p chat node "),
        ),
        (replace(GOOD, failure=LOGIN_REFUSED), Level.FAIL, "login", "change_password node"),
        (replace(GOOD, failure=VHOST_REFUSED), Level.FAIL, "virtual host", "add_vhost chat"),
        (replace(GOOD, failure="Connection refused"), Level.FAIL, "reachable", "systemctl start"),
    ],
)
def test_each_fault_is_told_with_its_cure(
    facts: RabbitmqFacts, level: Level, check: str, cure: str
) -> None:
    [finding] = bad(judge_rabbitmq(facts))
    assert (finding.level, finding.check) == (level, check)
    assert cure in finding.cure


def test_nothing_is_said_of_a_trial_without_a_connection() -> None:
    assert set(levels(judge_rabbitmq(replace(GOOD, failure=LOGIN_REFUSED)))) == {"login"}


def test_the_root_host_and_the_default_user_are_named_as_rabbitmqctl_takes_them() -> None:
    facts = RabbitmqFacts("amqp://mq1/%2F", "im", 10)
    assert (facts.user, facts.vhost) == ("guest", "/")
