"""`q` and Ctrl-C end what runs, and the terminal is as it was."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
import termios

import pytest

from server.keyboard import until_quit
from tests.services.eventually import eventually


class Work:
    """Something that goes on for ever."""

    def __init__(self) -> None:
        self.begun = self.cancelled = False

    async def run(self) -> None:
        """Wait, and note that it was ended."""
        self.begun = True
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled = True


async def test_a_signal_ends_it() -> None:
    work = Work()
    waiting = asyncio.create_task(until_quit(work.run()))
    await eventually(lambda: work.begun)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(waiting, 10)
    assert work.cancelled


async def test_q_ends_it_and_the_terminal_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as keyboard:
        monkeypatch.setattr(sys, "stdin", keyboard)
        before = termios.tcgetattr(keyboard)
        work = Work()
        waiting = asyncio.create_task(until_quit(work.run()))
        await eventually(lambda: work.begun)
        assert termios.tcgetattr(keyboard) != before
        os.write(ours, b"xy")
        os.write(ours, b"q")
        await asyncio.wait_for(waiting, 10)
        assert work.cancelled
        assert termios.tcgetattr(keyboard) == before
    os.close(ours)


async def test_what_ends_by_itself_is_over() -> None:
    async def work() -> None:
        return None

    await asyncio.wait_for(until_quit(work()), 10)


async def test_a_failure_is_not_swallowed() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await asyncio.wait_for(until_quit(work()), 10)
