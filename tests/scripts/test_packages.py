"""What can't be installed is named with the command that would."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.stack.errors import StackError
from scripts.stack.packages import install


def test_without_apt_the_cure_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(StackError) as caught:
        install(["redis-server", "wget"], tmp_path / "log")
    assert str(caught.value) == (
        "redis-server wget missing: run as root: apt-get install redis-server wget"
    )
