"""Where nginx can't be installed, nothing is tried and nothing fails yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.stack import nginx


def test_without_apt_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "find", lambda: None)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert nginx.install_if_missing() is False


def test_what_is_there_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "nginx"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nginx.find() is not None
    assert nginx.install_if_missing() is True
