"""What one run of one case found, and how quiet the machine was meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one run.

    Attributes:
        figures: values by the names of `scripts.bench_lib.figures`.
        others: processors, on average, that worked for other processes of this machine.
        steal: processors, on average, that the host gave to others.
        complaints: what went wrong, in words.
        tries: how many runs were made to get one as quiet as this.
    """

    figures: Mapping[str, float]
    others: float = 0.0
    steal: float = 0.0
    complaints: tuple[str, ...] = ()
    tries: int = 1

    @property
    def disturbance(self) -> float:
        """Processors, on average, that something else took."""
        return self.others + self.steal

    def with_figures(self, **more: float) -> Outcome:
        """Return the same with further figures."""
        return replace(self, figures={**self.figures, **more})
