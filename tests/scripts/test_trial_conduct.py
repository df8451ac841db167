"""A trial's signals, its ending and its exit code."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.stack.errors import StackError
from scripts.trial_lib.conduct import conducted, tell, until_signal


@dataclass
class Found:
    wrong: tuple[str, ...] = ()

    def complaints(self) -> tuple[str, ...]:
        return self.wrong

    def to_json(self) -> bytes:
        return b"{}"


async def handled() -> None:
    """Send a SIGTERM to this process, and let its handler run."""
    ran = asyncio.get_running_loop().create_future()
    os.kill(os.getpid(), signal.SIGTERM)
    # The handler is called by the loop, in the order in which it learns of things to do.
    asyncio.get_running_loop().call_later(0.05, ran.set_result, None)
    await ran


async def test_work_that_is_let_be_returns_what_it_found() -> None:
    async def work() -> str:
        return "found"

    assert await until_signal(work()) == "found"


async def test_the_first_signal_cancels() -> None:
    async def work() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await until_signal(work())


async def test_the_first_signal_shortens_and_the_second_one_cancels() -> None:
    shortened = asyncio.Event()
    seen = []

    async def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await shortened.wait()
        seen.append("shortened")
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await until_signal(work(), shortened.set)
    assert seen == ["shortened"]


async def test_further_signals_do_not_disturb_the_ending() -> None:
    ended = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            await handled()
            ended.append("all")

    with pytest.raises(asyncio.CancelledError):
        await until_signal(work())
    assert ended == ["all"]


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (StackError("no Redis", "start it"), 3, "scripts/trial: no Redis: start it"),
        (asyncio.CancelledError(), 130, "scripts/trial: given up; everything has been ended"),
    ],
)
def test_what_ended_it_is_said_in_one_line(
    failure: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_, conducted("scripts/trial"):
        raise failure
    assert exit_.value.code == code
    assert capsys.readouterr().err.splitlines() == [said]


@pytest.mark.parametrize(("found", "code"), [(Found(), 0), (Found(("one lost",)), 1)])
def test_a_report_is_printed_and_written(
    found: Found, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.json"
    assert tell(found, ["all of it"], tmp_path, copy) == code
    assert capsys.readouterr().out.splitlines() == ["all of it", f"report: {copy}"]
    assert (tmp_path / "report.json").read_bytes() == copy.read_bytes() == b"{}"


def test_without_a_copy_it_tells_where_the_report_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(Found(), [], tmp_path, None)
    assert capsys.readouterr().out == f"report: {tmp_path / 'report.json'}\n"
