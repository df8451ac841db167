"""Percentiles and medians. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of them do not exceed.

    Args:
        ordered: values, growing; nan is returned for none.
        share: 0.5 for the median, 0.99 for the 99th percentile.
    """
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def medians(results: Iterable[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure over several results that have the same figures.

    What is nan in a result does not count there; nan for what is nan in all.
    """
    columns: dict[str, list[float]] = {}
    for result in results:
        for name, value in result.items():
            columns.setdefault(name, []).append(value)
    return {name: _median(values) for name, values in columns.items()}


def _median(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return median(known) if known else math.nan
