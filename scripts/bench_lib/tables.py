"""Results as tables for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from scripts.bench_lib.figures import FIGURES, Figure
from scripts.bench_lib.row import Row


def table_of(bench: str, rows: Sequence[Row], noise: float) -> Table:
    """Return the table of one benchmark.

    Args:
        bench: its name.
        rows: one for each case, with the same figures.
        noise: the disturbance, in processors, from which on a row is marked.
    """
    shown = [row.figures for row in rows]
    columns = [name for name in FIGURES if any(_known(name, figures) for figures in shown)]
    # Columns of faults are shown when there is one; the table says so otherwise.
    fine = [name for name in columns if _all_well(name, shown)]
    columns = [name for name in columns if name not in fine]
    table = Table(title=bench, title_justify="left", title_style="bold", header_style="")
    table.add_column("case", no_wrap=True)
    for name in columns:
        table.add_column(FIGURES[name].title, justify="right")
    table.add_column("noise", justify="right")
    for row, figures in zip(rows, shown, strict=True):
        cells = [_cell(FIGURES[name], figures.get(name)) for name in columns]
        table.add_row(row.case, *cells, _noise(row, noise))
    if fine:
        table.caption = f"none {', '.join(FIGURES[name].title for name in fine)}"
        table.caption_justify = "left"
    return table


def _known(name: str, figures: Mapping[str, float]) -> bool:
    return not math.isnan(figures.get(name, math.nan))


def _all_well(name: str, shown: Sequence[Mapping[str, float]]) -> bool:
    return FIGURES[name].must_be_zero and not any(figures.get(name) for figures in shown)


def _cell(figure: Figure, value: float | None) -> Text:
    if value is None:
        return Text("")
    return Text(figure.show(value), style="red" if figure.must_be_zero and value else "")


def _noise(row: Row, limit: float) -> Text:
    tries = max((outcome.tries for outcome in row.outcomes), default=1)
    text = f"{row.disturbance:.2f}" + (f" ({tries} tries)" if tries > 1 else "")
    return Text(text, style="yellow" if row.disturbance > limit else "")
