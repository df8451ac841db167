"""The progress of chaos holds the numbers, as a line and as a panel."""

from __future__ import annotations

import io

from rich.console import Console

from scripts.chaos_lib.progress import Progress

PROGRESS = Progress("raging", 12.0, 60.0, (49, 50), 100, 90, 80, 10, 2.5, ["kill-redis"])


def test_a_line_holds_the_numbers() -> None:
    assert PROGRESS.in_a_line() == (
        "  12.0 s  raging: 49/50 connected, sent 100, confirmed 90, delivered 80, outstanding 10"
    )


def test_the_panel_holds_the_numbers() -> None:
    file = io.StringIO()
    Console(file=file, width=100).print(PROGRESS.panel())
    for piece in ("raging, 12 of 60 s", "49 of 50 users", "outstanding 10", "2.5 s", "kill-redis"):
        assert piece in file.getvalue()
