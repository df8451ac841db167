"""A row of a benchmark's table: one case, the runs that were made of it, and their medians."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.bench_lib.figures import FIGURES
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.percentiles import medians


@dataclass(frozen=True, slots=True)
class Row:
    """One case of one benchmark.

    Attributes:
        bench: the name of the benchmark.
        case: what was done, in words; unique within the benchmark.
        axes: the numbers and words in which cases differ, for plots.
        outcomes: one for each repetition.
    """

    bench: str
    case: str
    axes: Mapping[str, float | str]
    outcomes: Sequence[Outcome] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, float]:
        """The median of each figure."""
        return medians(dict(outcome.figures) for outcome in self.outcomes)

    @property
    def disturbance(self) -> float:
        """The worst disturbance of a run that counts, in processors."""
        return max((outcome.disturbance for outcome in self.outcomes), default=0.0)

    @property
    def complaints(self) -> list[str]:
        """What went wrong in any of the runs."""
        return sorted({text for outcome in self.outcomes for text in outcome.complaints})

    def faults(self) -> dict[str, float]:
        """Return the figures that should be zero in every run and are not: their sums."""
        names = [name for name, figure in FIGURES.items() if figure.must_be_zero]
        sums = {name: sum(one.figures.get(name, 0) for one in self.outcomes) for name in names}
        return {name: value for name, value in sums.items() if value}

    def to_json(self) -> dict[str, Any]:
        """Return what is written to a file; `results.read` reads it."""
        return {
            "bench": self.bench,
            "case": self.case,
            "axes": dict(self.axes),
            "medians": self.figures,
            "runs": [
                {
                    "figures": dict(outcome.figures),
                    "others": outcome.others,
                    "steal": outcome.steal,
                    "complaints": list(outcome.complaints),
                    "tries": outcome.tries,
                }
                for outcome in self.outcomes
            ],
        }
