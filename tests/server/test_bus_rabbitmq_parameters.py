"""What pika is told about a connection."""

import pytest

from cluster.errors import InvalidAddress
from server.bus_rabbitmq_parameters import parameters_of, parse_url
from server.bus_rabbitmq_settings import RabbitmqSettings


@pytest.mark.parametrize(
    "url", ["", "localhost", "http://localhost", "amqp://localhost:port/", "amqp://h/?heartbeat=x"]
)
def test_an_url_that_is_none_of_amqp_is_refused(url: str) -> None:
    with pytest.raises(InvalidAddress, match="expected amqp://"):
        parse_url(url)


def test_an_error_shows_no_password() -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_url("amqp://me:secret@localhost:port/")
    assert "secret" not in str(caught.value)


def test_the_url_says_where_and_the_settings_say_how() -> None:
    settings = RabbitmqSettings(
        "amqp://me:secret@broker:1234/im", "c", "n", heartbeat=7, blocked_limit=30.0
    )
    parameters = parameters_of(settings, "publishes")
    assert (parameters.host, parameters.port, parameters.virtual_host) == ("broker", 1234, "im")
    assert (parameters.heartbeat, parameters.blocked_connection_timeout) == (7, 30.0)
    assert parameters.client_properties == {"connection_name": "c node n publishes"}
    assert parameters.ssl_options is None


def test_amqps_means_tls() -> None:
    settings = RabbitmqSettings("amqps://broker/", "c", "n")
    assert parameters_of(settings, "publishes").ssl_options is not None
