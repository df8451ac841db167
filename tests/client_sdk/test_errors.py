"""Errors carry their data, and say whether trying again can help."""

from client_sdk.errors import (
    ClientClosed,
    Disconnected,
    InvalidBody,
    InvalidSetting,
    SendRejected,
    SendTimeout,
)
from cluster.errors import ClusterError, is_retryable


def test_only_a_timeout_is_worth_a_retry() -> None:
    errors: list[ClusterError] = [
        Disconnected(4501, "wrong token"),
        ClientClosed(),
        InvalidSetting("max_size", "must be at least 1"),
        InvalidBody("too large"),
        SendRejected("s-1", "bad_name", "no"),
        SendTimeout("s-1", 30.0),
    ]
    assert [is_retryable(error) for error in errors] == [False] * 5 + [True]


def test_messages_are_made_of_the_data() -> None:
    assert str(Disconnected(4501, "wrong token")).endswith("(4501): wrong token")
    assert str(SendTimeout(None, 1.5)) == "not confirmed within 1.5 s: it was not sent"
    assert "s-1 may have been stored" in str(SendTimeout("s-1", 30.0))
    assert str(InvalidSetting("max_size", "must be at least 1")) == "max_size must be at least 1"
    assert "connect()" in str(ClientClosed())
