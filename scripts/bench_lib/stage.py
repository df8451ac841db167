"""The stage on which a benchmark is played: its options, its world, and how cases are repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scripts.bench_lib.options import Options
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.quiet import Patience
from scripts.bench_lib.row import Row
from scripts.bench_lib.world import Say, World


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure.

    Attributes:
        name: what is done, in words.
        axes: the numbers and words in which it differs from others.
        run: does it once.
    """

    name: str
    axes: Mapping[str, float | str]
    run: Callable[[], Outcome]


@dataclass(frozen=True, slots=True)
class Stage:
    """What every benchmark is given."""

    options: Options
    world: World
    patience: Patience
    say: Say

    def play(self, bench: str, cases: Sequence[Case]) -> list[Row]:
        """Run all cases one after the other, as often as wanted, and return a row for each.

        They take turns, so that a change of the machine's speed meets all of them.
        """
        outcomes: dict[str, list[Outcome]] = {case.name: [] for case in cases}
        for rep in range(1, self.options.reps + 1):
            for case in cases:
                of = f" ({rep}/{self.options.reps})" if self.options.reps > 1 else ""
                self.say(f"{bench}: {case.name}{of}")
                outcomes[case.name].append(self.patience.quietest(case.run))
        return [Row(bench, case.name, case.axes, outcomes[case.name]) for case in cases]
