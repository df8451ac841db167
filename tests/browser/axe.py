"""axe-core, which looks for what keeps people from using a page. Fetched once, by npm."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from scripts.stack.paths import RUN

_FOLDER = RUN / "axe"
_PACKAGE = "axe-core@4"


def axe_source() -> str:
    """Return the source of axe-core; fail the test where it can't be had."""
    source = _FOLDER / "node_modules" / "axe-core" / "axe.min.js"
    if not source.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.fail("npm is missing: run as root: apt-get install npm", pytrace=False)
        _FOLDER.mkdir(parents=True, exist_ok=True)
        words = [npm, "install", "--prefix", str(_FOLDER), "--no-save", "--no-audit", _PACKAGE]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode or not source.exists():
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            pytest.fail(f"npm could not install {_PACKAGE}: {said}", pytrace=False)
    return source.read_text()
