"""What is to be written is put together from the settings."""

from __future__ import annotations

from pathlib import Path

from balancer.nginx_settings import NginxSettings
from balancer.nginx_upstream import Upstream


def test_the_block() -> None:
    settings = NginxSettings(out=Path("x"), upstream="chat", method="ip_hash", cluster="c")
    assert settings.block == Upstream("chat", "ip_hash", "c")
    assert NginxSettings(out=Path("x")).block == Upstream("im", "round_robin", "im")
