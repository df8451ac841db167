"""Tables show what was found, and what was wrong."""

from __future__ import annotations

import math

from rich.console import Console
from rich.table import Table

from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.row import Row
from scripts.bench_lib.tables import table_of
from tests.scripts.bench_world import row


def printed(table: Table) -> str:
    console = Console(width=160, record=True)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_faults_have_columns_only_if_there_are_any() -> None:
    good = printed(table_of("b", [row("b", "one", {"rate": 5.0, "lost": 0, "doubled": 0})], 0.1))
    assert "none lost, doubled" in good
    bad = printed(table_of("b", [row("b", "one", {"rate": 5.0, "lost": 7, "doubled": 0})], 0.1))
    assert "none doubled" in bad
    [line] = [line for line in bad.splitlines() if line.startswith("│ one")]
    assert line.replace("│", " ").split() == ["one", "5", "7", "0.00"]


def test_figures_without_a_title_stay_in_the_file() -> None:
    shown = printed(table_of("b", [row("b", "one", {"rate": 5.0, "zookeeper_us": 1.0})], 0.1))
    assert "zookeeper" not in shown


def test_what_no_row_knows_has_no_column() -> None:
    known = row("b", "one", {"rate": 1.0, "redis_us": math.nan, "late_ms": math.nan})
    other = row("b", "two", {"rate": 1.0, "redis_us": 2.0, "late_ms": math.nan})
    shown = printed(table_of("b", [known, other], 0.1))
    assert "Redis" in shown
    assert "late" not in shown


def test_repetitions_are_told() -> None:
    noisy = Row("b", "one", {}, [Outcome({"rate": 1.0}, others=0.5, tries=3)])
    assert "0.50 (3 tries)" in printed(table_of("b", [noisy], 0.1))
