"""What a person is told about a connection that failed."""

import errno
import socket
import ssl

import pytest
from pika import exceptions

from server.bus_rabbitmq_reason import reason_of

CLOSED = repr(exceptions.ConnectionClosedByBroker(403, "ACCESS_REFUSED"))
LOST = repr(exceptions.StreamLostError("Transport indicated EOF"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), "Connection refused"),
        (socket.gaierror(socket.EAI_NONAME, "Name not known"), "Name not known"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "WRONG_VERSION_NUMBER"),
        (OSError("Multiple exceptions: …"), "Multiple exceptions: …"),
        (exceptions.ProbableAuthenticationError(CLOSED), "it refuses this user or password"),
        (
            exceptions.ProbableAccessDeniedError(CLOSED),
            "it refuses this virtual host to this user",
        ),
        (exceptions.ProbableAuthenticationError(LOST), "the connection was lost while it opened"),
        (exceptions.ProbableAccessDeniedError(LOST), "the connection was lost while it opened"),
        (exceptions.StreamLostError("Transport indicated EOF"), "the connection was lost"),
        (exceptions.AMQPHeartbeatTimeout("stale"), "no heartbeat was heard"),
        (
            exceptions.ChannelClosedByBroker(405, "RESOURCE_LOCKED - queue"),
            "RESOURCE_LOCKED - queue (405)",
        ),
        (exceptions.ConnectionClosedByBroker(320, "CONNECTION_FORCED"), "CONNECTION_FORCED (320)"),
        (ValueError("what it says"), "what it says"),
        (ValueError(), "ValueError"),
    ],
)
def test_the_reason_is_in_words(error: BaseException, expected: str) -> None:
    assert reason_of(error) == expected
