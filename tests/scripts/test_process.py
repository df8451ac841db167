"""A process is known by its id and the moment of its start, and ended with its children."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stack.process import Process, launch
from scripts.stack.waiting import wait_until


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    process = launch(["sleep", "100"], tmp_path / "log", os.environ, tmp_path)
    yield process
    process.kill()


def test_lives_until_it_is_ended(sleeper: Process) -> None:
    assert sleeper.alive()
    sleeper.end()
    assert not sleeper.alive()


def test_ending_twice_is_fine(sleeper: Process) -> None:
    sleeper.kill()
    sleeper.end()
    sleeper.kill()


def test_a_later_process_with_the_same_id_is_not_touched(sleeper: Process) -> None:
    stranger = Process(sleeper.pid, "another moment")
    assert not stranger.alive()
    stranger.kill()
    assert sleeper.alive()


def test_a_stopped_one_can_be_ended(sleeper: Process) -> None:
    sleeper.signal(signal.SIGSTOP)
    sleeper.end()
    assert not sleeper.alive()


def test_insists_after_its_patience(tmp_path: Path) -> None:
    log = tmp_path / "log"
    stubborn = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    process = launch(["sh", "-c", stubborn], log, os.environ, tmp_path)
    assert wait_until(lambda: "ready" in log.read_text(), 5)
    process.end(within=0.2)
    assert not process.alive()


def test_takes_its_children_along(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = launch(["sh", "-c", "sleep 100 & echo $!; wait"], log, os.environ, tmp_path)
    assert wait_until(lambda: log.read_text().endswith("\n"), 5)
    child = Path("/proc", log.read_text().strip())
    assert child.exists()
    process.kill()
    assert wait_until(lambda: not child.exists() or "Z" in _state(child), 5)


def test_writes_its_output_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = launch(["sh", "-c", "echo out; echo err >&2"], log, {"PATH": os.defpath}, tmp_path)
    assert wait_until(lambda: not process.alive(), 5)
    assert log.read_text() == "out\nerr\n"


def _state(folder: Path) -> str:
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
