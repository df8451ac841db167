"""Faults, and the header that says when to come again."""

import pytest

from client_sdk.faults import ChannelLost, Unreachable, parse_retry_after
from cluster.errors import is_retryable


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        (" 0 ", 0.0),
        (None, None),
        ("", None),
        ("1.5", None),
        ("Wed, 21 Oct", None),
        ("9" * 400, 600.0),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value) == seconds


def test_texts() -> None:
    assert str(ChannelLost(4000, "stopping")) == "stopping (4000)"
    assert str(ChannelLost(1006, "")) == "closed (1006)"
    assert is_retryable(Unreachable("refused"))
