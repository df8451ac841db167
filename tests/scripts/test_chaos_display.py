"""The display is a panel on a terminal and lines anywhere else."""

from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console

from scripts.chaos_lib.display import (
    LineDisplay,
    LiveDisplay,
    Progress,
    in_a_line,
    make_display,
    panel,
)
from tests.services import eventually

PROGRESS = Progress("raging", 12.0, 60.0, (49, 50), 100, 90, 80, 10, 2.5, ["kill-redis"])


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_output_decides() -> None:
    assert isinstance(make_display(terminal()), LiveDisplay)
    assert isinstance(make_display(Console(file=io.StringIO())), LineDisplay)


def test_a_line_holds_the_numbers() -> None:
    assert in_a_line(PROGRESS) == (
        "  12.0 s  raging: 49/50 connected, sent 100, confirmed 90, delivered 80, outstanding 10"
    )


def test_the_panel_holds_the_numbers() -> None:
    console = Console(file=io.StringIO(), width=100)
    console.print(panel(PROGRESS))
    for piece in ("raging, 12 of 60 s", "49 of 50 users", "outstanding 10", "2.5 s", "kill-redis"):
        assert piece in shown(console)


def test_lines_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with LineDisplay() as display:
        display.say("here [we] go")
    assert capsys.readouterr().out == "here [we] go\n"


async def test_the_panel_follows() -> None:
    console = terminal()
    with LiveDisplay(console) as display:
        display.say("here [we] go")
        following = asyncio.create_task(display.follow(lambda: PROGRESS))
        await eventually(lambda: "49 of 50 users" in shown(console))
        following.cancel()
        await asyncio.wait([following])
    assert "here [we] go" in shown(console)
