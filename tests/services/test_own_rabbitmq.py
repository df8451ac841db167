"""The RabbitMQ of a test module does what its methods say."""

from __future__ import annotations

import contextlib
import time

import pika
import pika.exceptions
import pytest

from tests.services import OwnRabbitMQ


def _connect(server: OwnRabbitMQ) -> contextlib.closing[pika.BlockingConnection]:
    return contextlib.closing(pika.BlockingConnection(pika.URLParameters(server.url)))


class _Publisher:
    """A connection that publishes and notes what the broker says about it."""

    def __init__(self, connection: pika.BlockingConnection) -> None:
        self._connection = connection
        self.heard: list[str] = []
        connection.add_on_connection_blocked_callback(lambda *_: self.heard.append("blocked"))
        connection.add_on_connection_unblocked_callback(lambda *_: self.heard.append("unblocked"))
        self._channel = connection.channel()

    def publish(self) -> None:
        """Publish to nobody, and listen for a moment for an objection."""
        self._channel.basic_publish("", "nowhere", b"x")
        self._connection.process_data_events(time_limit=0.5)

    def hears(self, *words: str) -> bool:
        """Listen until the broker has said just this, or half a minute has passed."""
        until = time.monotonic() + 30.0
        while self.heard != list(words) and time.monotonic() < until:
            self._connection.process_data_events(time_limit=0.5)
        return self.heard == list(words)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_an_end_cuts_connections_and_a_start_brings_it_back(
    own_rabbitmq: OwnRabbitMQ, end: str
) -> None:
    url = own_rabbitmq.url
    getattr(own_rabbitmq, end)()
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        pika.BlockingConnection(pika.URLParameters(url))
    own_rabbitmq.start()
    assert own_rabbitmq.url == url
    with _connect(own_rabbitmq) as connection:
        assert connection.is_open


def test_a_block_holds_publishers_until_it_is_undone(own_rabbitmq: OwnRabbitMQ) -> None:
    with _connect(own_rabbitmq) as connection:
        publisher = _Publisher(connection)
        publisher.publish()
        own_rabbitmq.block()
        publisher.publish()
        assert publisher.hears("blocked")
        # A blocked connection can't even be closed: the broker doesn't read from it.
        own_rabbitmq.unblock()
        assert publisher.hears("blocked", "unblocked")


def test_leave_it_blocked_and_stopped(own_rabbitmq: OwnRabbitMQ) -> None:
    own_rabbitmq.block()
    own_rabbitmq.stop()
    assert own_rabbitmq.version() is None


def test_the_next_test_finds_it_whole(own_rabbitmq: OwnRabbitMQ) -> None:
    with _connect(own_rabbitmq) as connection:
        publisher = _Publisher(connection)
        publisher.publish()
        assert publisher.heard == []
