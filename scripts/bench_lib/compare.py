"""Comparison of two sets of results: the ratio of each figure that both have. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table

from scripts.bench_lib.figures import FIGURES
from scripts.bench_lib.results import Kept
from scripts.bench_lib.row import Row


def ratio(now: float, before: float) -> float:
    """Return how many times as large a figure is; nan where that says nothing."""
    if before <= 0 or math.isnan(before) or math.isnan(now):
        return math.nan
    return now / before


def ratios(row: Row, earlier: Sequence[Kept]) -> dict[str, float] | None:
    """Return the ratios of a row's figures to those of the same case; None if there is none."""
    for kept in earlier:
        if (kept.bench, kept.case) == (row.bench, row.case):
            found = {
                name: ratio(value, kept.figures[name])
                for name, value in row.figures.items()
                if name in FIGURES and name in kept.figures and not FIGURES[name].must_be_zero
            }
            return {name: value for name, value in found.items() if not math.isnan(value)}
    return None


def comparison(rows: Sequence[Row], earlier: Sequence[Kept], name: str) -> Table:
    """Return a table of ratios: below 1 is less than before.

    Args:
        rows: the results of now.
        earlier: those of before.
        name: what those of before are called.
    """
    found = {f"{row.bench}: {row.case}": ratios(row, earlier) for row in rows}
    compared = {case: each for case, each in found.items() if each is not None}
    columns = [name for name in FIGURES if any(name in each for each in compared.values())]
    title = f"ratio to {name}: 1 is the same, 0.5 half as much"
    table = Table(title=title, title_justify="left", title_style="bold", header_style="")
    table.add_column("case", no_wrap=True)
    for column in columns:
        table.add_column(FIGURES[column].title, justify="right")
    for case, each in compared.items():
        table.add_row(case, *(_cell(each.get(column)) for column in columns))
    if missing := [case for case, each in found.items() if each is None]:
        table.caption = f"not in it: {', '.join(missing)}"
        table.caption_justify = "left"
    return table


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
