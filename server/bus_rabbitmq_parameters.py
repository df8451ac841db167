"""What pika is told about a connection, from the URL and the settings; it may not connect."""

from typing import Any

from pika import URLParameters

from cluster.address import without_password
from cluster.errors import InvalidAddress
from server.bus_rabbitmq_settings import RabbitmqSettings

_EXPECTED = "amqp://USER:PASSWORD@HOST:PORT/VHOST"


def parse_url(url: str) -> Any:
    """Return pika's parameters for a URL.

    Raises:
        InvalidAddress: it is none.
    """
    if url.startswith(("amqp://", "amqps://")):
        try:
            return URLParameters(url)
        except (ValueError, TypeError) as exc:
            # pika's own message is left out: it may quote a part of the password.
            raise InvalidAddress(without_password(url), _EXPECTED) from exc
    raise InvalidAddress(without_password(url), _EXPECTED)


def parameters_of(settings: RabbitmqSettings, purpose: str) -> Any:
    """Return the URL's parameters, completed."""
    parameters = parse_url(settings.url)
    parameters.heartbeat = settings.heartbeat
    parameters.blocked_connection_timeout = settings.blocked_limit
    parameters.client_properties = {
        "connection_name": f"{settings.cluster} node {settings.node_id} {purpose}"
    }
    return parameters
