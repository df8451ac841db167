"""The progress of a rolling restart holds the numbers, as a line and as a panel."""

from __future__ import annotations

import io

from rich.console import Console

from scripts.rolling_lib.progress import Progress

PROGRESS = Progress("restarting", 12.0, (299, 300), 100, 90, 80, 10, 42, 7)


def test_a_line_holds_the_numbers() -> None:
    assert PROGRESS.in_a_line() == (
        "  12.0 s  restarting: 299/300 connected, sent 100, confirmed 90, delivered 80, "
        "outstanding 10"
    )


def test_the_panel_holds_the_numbers() -> None:
    file = io.StringIO()
    Console(file=file, width=100).print(PROGRESS.panel())
    for piece in ("restarting", "12 s", "299/300 connected, 7 of them", "42", "outstanding 10"):
        assert piece in file.getvalue()
