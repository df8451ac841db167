"""Scales of a chart: where a value stands between the ends of an axis, and its ticks. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

_STEPS = (1.0, 2.0, 5.0, 10.0)
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis.

    Attributes:
        low: the value at its beginning.
        high: the value at its end.
        logarithmic: whether the same factor, not the same difference, takes the same space.
        ticks: the values that are written at it.
    """

    low: float
    high: float
    logarithmic: bool
    ticks: tuple[float, ...]

    @classmethod
    def linear(cls, values: Iterable[float]) -> Self:
        """Return an axis from 0 to a round number that is not below any value."""
        most = max(values, default=0.0) or 1.0
        rough = most / _TICKS
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * each for each in _STEPS if unit * each >= rough * (1 - 1e-9))
        count = math.ceil(most / step - 1e-9)
        return cls(0.0, count * step, False, tuple(step * n for n in range(count + 1)))

    @classmethod
    def of_values(cls, values: Iterable[float]) -> Self:
        """Return a logarithmic axis whose ticks are the values themselves, which are above 0."""
        ticks = tuple(sorted(set(values))) or (1.0,)
        low, high = ticks[0], ticks[-1]
        if low == high:
            low, high = low / 2, high * 2
        return cls(low, high, True, ticks)

    def place(self, value: float) -> float:
        """Return where a value stands: 0 at the beginning, 1 at the end."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)
