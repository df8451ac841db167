"""`scripts/screenshots`: the pictures in the docs are there, of a size, and used."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from scripts.screenshots_cli import LOOKS, main, take
from scripts.stack.paths import ROOT

MAX_BYTES = 200_000


def size_of(path: Path) -> tuple[int, int]:
    """Return width and height of a PNG file."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:])
    return width, height


@pytest.mark.parametrize("name", LOOKS)
def test_the_pictures_in_the_docs_are_current_in_size_and_shown(name: str) -> None:
    path = ROOT / "docs" / "img" / f"page-{name}.png"
    assert size_of(path) == LOOKS[name][:2]
    assert path.stat().st_size < MAX_BYTES
    assert f"img/{path.name}" in (ROOT / "docs" / "page.md").read_text()


async def test_they_are_taken(tmp_path: Path) -> None:
    paths = await take(tmp_path)
    assert {path.name: size_of(path) for path in paths} == {
        f"page-{name}.png": (width, height) for name, (width, height, _) in LOOKS.items()
    }


def test_without_chromium_the_cure_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main([str(tmp_path)]) == 1
    assert "apt-get install chromium" in capsys.readouterr().err
