"""Where the programs can't be installed, nothing is tried and nothing fails yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.stack.operator_tools import PACKAGES, install_if_missing


def test_without_apt_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert install_if_missing() == list(PACKAGES)


def test_what_is_there_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in PACKAGES:
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert install_if_missing() == []
