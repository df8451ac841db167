"""Settings are checked before anything is connected."""

from typing import Any

import pytest

from client_sdk.errors import InvalidSetting
from client_sdk.inflow import Position
from client_sdk.settings import Settings
from cluster.errors import InvalidName


def test_defaults() -> None:
    settings = Settings("bob")
    assert settings.start == Position(None, None)
    assert settings.attempt_timeout == 5.0
    assert settings.receive_max_bytes == 4 << 20


def test_one_node_never_takes_all_the_time() -> None:
    assert Settings("bob", connect_timeout=3.0).attempt_timeout == 1.5


def test_accepts_more_than_it_sends() -> None:
    assert Settings("bob", max_size=8 << 20).receive_max_bytes == 16 << 20


@pytest.mark.parametrize(
    "option",
    [
        {"connect_timeout": 0},
        {"send_timeout": -1.0},
        {"send_timeout": float("nan")},
        {"send_window": 0},
        {"receive_window": 0},
        {"max_size": 0},
        {"offset": -1},
    ],
)
def test_refused_numbers(option: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting, match=next(iter(option))):
        Settings("bob", **option)


def test_refused_names() -> None:
    with pytest.raises(InvalidName, match="user must not be empty"):
        Settings("")
    with pytest.raises(InvalidName, match="device"):
        Settings("bob", device="a\nb")
