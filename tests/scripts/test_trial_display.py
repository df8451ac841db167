"""The display is a panel on a terminal and lines anywhere else."""

from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console

from scripts.trial_lib.display import LineDisplay, LiveDisplay, make_display
from tests.services import eventually


class Halfway:
    """A progress that stands still."""

    def in_a_line(self) -> str:
        return "half of it is done"

    def panel(self) -> str:
        return "half of it is shown"


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_output_decides() -> None:
    assert isinstance(make_display(terminal()), LiveDisplay)
    assert isinstance(make_display(Console(file=io.StringIO())), LineDisplay)


def test_lines_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with LineDisplay() as display:
        display.say("here [we] go")
    assert capsys.readouterr().out == "here [we] go\n"


async def test_the_panel_follows() -> None:
    console = terminal()
    with LiveDisplay(console) as display:
        display.say("here [we] go")
        following = asyncio.create_task(display.follow(Halfway))
        await eventually(lambda: "half of it is shown" in shown(console))
        following.cancel()
        await asyncio.wait([following])
    assert "here [we] go" in shown(console)
