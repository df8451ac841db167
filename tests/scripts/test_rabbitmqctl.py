"""`scripts/rabbitmqctl` finds the broker that was started from the same checkout."""

from __future__ import annotations

import pika

from tests.scripts.conftest import Checkout


def test_it_asks_the_broker_that_was_started_here(checkout: Checkout) -> None:
    up = checkout.run("services", "up", "rabbitmq")
    assert up.returncode == 0, up.stderr
    port = int(checkout.environ["IM_AMQP_PORT"])
    with pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port)) as connection:
        channel = connection.channel()
        channel.exchange_declare("to-be-seen", "fanout")
        channel.queue_declare("to-be-counted")
    listed = checkout.run("rabbitmqctl", "--quiet", "list_exchanges", "name", "type")
    assert listed.returncode == 0, listed.stderr
    assert "to-be-seen\tfanout" in listed.stdout
    counted = checkout.run("rabbitmqctl", "--quiet", "list_queues", "name", "messages")
    assert "to-be-counted\t0" in counted.stdout, counted.stderr


def test_without_a_broker_it_says_how_to_start_one(checkout: Checkout) -> None:
    nothing = checkout.run("rabbitmqctl", "status")
    assert nothing.returncode == 1
    assert nothing.stderr.count("\n") == 1
    assert "scripts/services up rabbitmq" in nothing.stderr
