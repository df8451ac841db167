"""An operator's command runs in a shell, and its failure is told in one line."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from pathlib import Path

import pytest

from balancer.command import run_command
from tests.services import eventually


async def test_success_has_nothing_to_say() -> None:
    assert await run_command("echo fine; true", 20) is None


async def test_a_failure_is_told_with_what_was_said() -> None:
    assert await run_command("echo one; echo two >&2; exit 3", 20) == "exit code 3: one; two"
    assert await run_command("exit 1", 20) == "exit code 1"


async def test_a_command_that_is_not_there() -> None:
    said = await run_command("no-such-command-here", 20)
    assert said is not None
    assert said.startswith("exit code 127: ")
    assert "no-such-command-here" in said


async def test_that_there_is_no_room_for_it_is_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    said = await run_command("true", 20)
    assert said == "it could not be run: No such file or directory"


async def test_only_the_end_of_a_long_story_is_told() -> None:
    said = await run_command("yes no | head -c 100000; echo the end; exit 1", 20)
    assert said is not None
    assert len(said) < 1000
    assert said.endswith("the end")


async def test_what_it_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    assert await run_command(f"sleep 600 & echo $! >{note}", 20) is None
    os.kill(await _started(note), signal.SIGKILL)


def _runs(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _noted(note: Path) -> int | None:
    """Return the process id that a command has written down; None before it has."""
    text = note.read_text() if note.exists() else ""
    return int(text) if text.endswith("\n") else None


async def _started(note: Path) -> int:
    """Return that process id as soon as it is there."""
    pid = await eventually(lambda: _noted(note))
    assert pid is not None
    return pid


async def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    said = await run_command(f"sleep 600 & echo $! >{note}; wait", 0.5)
    assert said == "it took more than 0.5 s"
    child = await _started(note)
    await eventually(lambda: not _runs(child))


async def test_a_cancelled_one_is_ended_too(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    call = asyncio.create_task(run_command(f"sleep 600 & echo $! >{note}; wait", 60))
    child = await _started(note)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await eventually(lambda: not _runs(child))
