"""What a person is told about a connection that failed."""

import errno
import os

import pytest
from pika import exceptions
from pika.adapters.utils import connection_workflow as workflow

from server.bus_rabbitmq_reason import reason_of

REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
CLOSED = repr(exceptions.ConnectionClosedByBroker(403, "ACCESS_REFUSED"))
LOST = repr(exceptions.StreamLostError("Transport indicated EOF"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            exceptions.AMQPConnectionError(
                workflow.AMQPConnectionWorkflowFailed(
                    [workflow.AMQPConnectorSocketConnectError(REFUSED)]
                )
            ),
            "Connection refused",
        ),
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
        (workflow.AMQPConnectionWorkflowFailed([]), "AMQPConnectionWorkflowFailed"),
        (ValueError("what it says"), "what it says"),
        (ValueError(), "ValueError"),
    ],
)
def test_the_reason_is_in_words(error: BaseException, expected: str) -> None:
    assert reason_of(error) == expected
