"""What a gateway is told: where it listens, and which path it serves."""

from __future__ import annotations

import pytest

from balancer.gateway_settings import (
    DEFAULT_LISTEN,
    GatewaySettings,
    check_path,
    parse_listen,
)
from cluster.errors import InvalidAddress


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("7777", ("0.0.0.0", 7777)),
        (":7777", ("0.0.0.0", 7777)),
        ("0", ("0.0.0.0", 0)),
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("chat.example:80", ("chat.example", 80)),
        ("[::1]:0", ("::1", 0)),
    ],
)
def test_where_to_listen(text: str, place: tuple[str, int]) -> None:
    assert parse_listen(text) == place


@pytest.mark.parametrize("text", ["", "x", "127.0.0.1", "1:2:3", "::1:7", ":65536", "a b:1", "-1"])
def test_what_is_no_place_to_listen(text: str) -> None:
    with pytest.raises(InvalidAddress):
        parse_listen(text)


def test_the_default_is_what_the_settings_say() -> None:
    settings = GatewaySettings()
    assert parse_listen(DEFAULT_LISTEN) == (settings.host, settings.port)


def test_paths() -> None:
    assert check_path("/im/ws") == "/im/ws"
    for text in ("", "ws", "/ws?x", "/a b", "/ä"):
        with pytest.raises(InvalidAddress, match="a path such as /ws"):
            check_path(text)
