"""What the tests of the page say when something that they need is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.chromium import CURE, Chromium, ChromiumMissing


async def test_without_chromium_the_cure_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ChromiumMissing, match=CURE):
        await Chromium(tmp_path).__aenter__()
