"""The envelope."""

import pytest

from server.envelope import Envelope


def test_it_is_handed_on_unchanged() -> None:
    envelope = Envelope("bob", "alice", "s-1", "s", 1, b"{}")
    assert envelope.durable
    with pytest.raises(AttributeError):
        envelope.recipient = "carol"  # type: ignore[misc]
