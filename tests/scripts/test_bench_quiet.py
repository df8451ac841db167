"""A disturbed run is repeated, within bounds, and the quietest counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.quiet import Patience


def runs(*disturbances: float) -> Callable[[], Outcome]:
    waiting: Iterator[float] = iter(disturbances)
    return lambda: Outcome({}, others=next(waiting), steal=0.1)


def patience(seconds: float = 60.0, each: float = 1.0) -> tuple[Patience, list[str]]:
    """Return a patience whose clock goes on by `each` seconds with each look, and what it says."""
    said: list[str] = []
    times = iter(range(1000))
    return Patience(0.3, 3, seconds, lambda: next(times) * each, said.append), said


def test_a_quiet_run_is_not_repeated() -> None:
    made, said = patience()
    assert made.quietest(runs(0.1)).tries == 1
    assert said == []


def test_the_quietest_is_kept() -> None:
    made, said = patience()
    outcome = made.quietest(runs(0.9, 0.5, 0.7))
    assert (outcome.others, outcome.tries) == (0.5, 3)
    assert len(said) == 2


def test_a_quiet_run_ends_it() -> None:
    outcome = patience()[0].quietest(runs(0.9, 0.1))
    assert (outcome.others, outcome.tries) == (0.1, 2)


def test_patience_ends() -> None:
    made, _ = patience(seconds=1.0)
    assert made.quietest(runs(0.9, 0.8)).tries == 2
    assert made.quietest(runs(0.9)).tries == 1
