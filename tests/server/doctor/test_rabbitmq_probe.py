"""What is seen of a real RabbitMQ, and that nothing is left there."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from server.bus_rabbitmq_link import Link
from server.bus_rabbitmq_reason import LOGIN_REFUSED, VHOST_REFUSED
from server.bus_rabbitmq_settings import RabbitmqSettings
from server.doctor.rabbitmq import RabbitmqFacts
from server.doctor.rabbitmq_probe import ask_rabbitmq
from tests.services import OwnRabbitMQ, eventually, free_port

TIMEOUT = 20.0


async def seen(url: str, cluster: str = "im", timeout: float = TIMEOUT) -> RabbitmqFacts:
    return await ask_rabbitmq(url, cluster, timeout)


async def with_exchange(url: str, cluster: str, kind: str) -> None:
    """Make the exchange of a cluster, of a type."""
    link = await Link.open(RabbitmqSettings(url, cluster, "n"), "test")
    name = f"{cluster}.fanout"
    await link.call("exchange_declare", exchange=name, exchange_type=kind, durable=True)
    await link.close(TIMEOUT)


async def test_a_good_one_is_seen_whole(amqp_url: str, cluster_name: str) -> None:
    facts = await seen(amqp_url, cluster_name)
    assert (facts.failure, facts.refused, facts.blocked) == (None, None, False)
    assert facts.version.startswith("RabbitMQ 3.")
    assert facts.heartbeat == facts.heartbeat_asked
    assert facts.exchange is None
    # It was not made by the question.
    assert (await seen(amqp_url, cluster_name)).exchange is None


@pytest.mark.parametrize(("kind", "told"), [("fanout", ""), ("direct", "inequivalent")])
async def test_the_exchange_is_looked_at(
    amqp_url: str, cluster_name: str, kind: str, told: str
) -> None:
    await with_exchange(amqp_url, cluster_name, kind)
    exchange = (await seen(amqp_url, cluster_name)).exchange
    assert exchange is not None
    assert (told in exchange) if told else exchange == ""


@pytest.fixture
def account(own_rabbitmq: OwnRabbitMQ) -> Iterator[str]:
    """Give the URL of an account without any rights."""
    own_rabbitmq.control("add_user", "node", "pw")
    yield own_rabbitmq.url.replace("guest:guest", "node:pw")
    own_rabbitmq.control("delete_user", "node")


def traces(broker: OwnRabbitMQ) -> str:
    """Return what a trial could have left."""
    listed = [broker.control(f"list_{kind}", "name") for kind in ("exchanges", "queues")]
    return "\n".join(line for line in "".join(listed).splitlines() if "doctor" in line)


@pytest.mark.parametrize(
    ("rights", "step"),
    [
        (("^$", ".*", ".*"), "declare"),
        ((".*", "^$", ".*"), "bind"),
        ((".*", ".*", "^$"), "bind"),
        # To bind a queue takes a right to write there, to publish one on the exchange.
        ((".*", r".*\.node\..*", ".*"), "publish"),
        ((r"im\..*", r"im\..*", r"im\..*"), None),
    ],
)
async def test_what_is_refused_is_named_and_nothing_is_left(
    own_rabbitmq: OwnRabbitMQ, account: str, rights: tuple[str, ...], step: str | None
) -> None:
    await asyncio.to_thread(own_rabbitmq.control, "set_permissions", "node", *rights)
    facts = await seen(account)
    assert facts.failure is None
    assert (facts.refused and facts.refused[0]) == step
    if step is not None:
        assert "403" in str(facts.refused)
    await eventually(lambda: not traces(own_rabbitmq), within=60.0)


async def test_a_wrong_password_and_a_virtual_host_are_told(
    own_rabbitmq: OwnRabbitMQ, account: str
) -> None:
    wrong = await seen(account.replace("pw@", "wrong@"))
    assert wrong.failure == LOGIN_REFUSED
    assert "wrong@" not in wrong.url
    missing = await seen(own_rabbitmq.url.replace("%2F", "none"))
    assert missing.failure is not None
    # It depends on the version.
    assert missing.failure == VHOST_REFUSED or "NOT_ALLOWED" in missing.failure


async def test_a_broker_that_blocks_publishers_is_seen(own_rabbitmq: OwnRabbitMQ) -> None:
    await asyncio.to_thread(own_rabbitmq.block)
    try:
        facts = await seen(own_rabbitmq.url, timeout=3.0)
    finally:
        await asyncio.to_thread(own_rabbitmq.unblock)
    assert facts.blocked
    assert facts.refused is None


async def test_one_that_hangs_is_given_up_in_time(own_rabbitmq: OwnRabbitMQ) -> None:
    own_rabbitmq.pause()
    try:
        facts = await seen(own_rabbitmq.url, timeout=0.5)
    finally:
        own_rabbitmq.unpause()
    assert facts.failure == "does not answer within 0.5 s"


async def test_one_that_is_not_there_is_told() -> None:
    facts = await seen(f"amqp://127.0.0.1:{free_port()}/")
    assert facts.failure == "Connection refused"
    assert replace(facts, failure=None).version == ""
