"""Run a program that checks a file. One that is missing fails the test, with its cure in a line."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.stack.operator_tools import PACKAGES


def run(program: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Return what the program did, whatever its exit code."""
    found = shutil.which(program)
    if found is None:
        pytest.fail(f"no {program}: apt-get install {PACKAGES[program]}", pytrace=False)
    return subprocess.run([found, *words], capture_output=True, text=True, timeout=60, check=False)


def passes(program: str, *words: str | Path) -> str:
    """Return what the program said; it has to be content, without a word on standard error."""
    done = run(program, *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout
