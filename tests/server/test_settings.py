"""The settings of a node: defaults, and who can reach it."""

from __future__ import annotations

import pytest

from server.settings import NodeSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_is_not_open_to_others(host: str) -> None:
    assert not NodeSettings(host=host).is_open_to_others()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "chat.example.org"])
def test_anything_else_is(host: str) -> None:
    assert NodeSettings(host=host).is_open_to_others()


def test_the_secret_is_not_shown() -> None:
    assert "swordfish" not in repr(NodeSettings(auth_secret="swordfish"))
