"""A row is the median of its runs, and hides none of their faults."""

from __future__ import annotations

from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.row import Row


def test_medians_and_the_worst() -> None:
    runs = [
        Outcome({"rate": 10.0, "lost": 0}, others=0.1, steal=0.2),
        Outcome({"rate": 30.0, "lost": 0}, others=0.5),
        Outcome({"rate": 20.0, "lost": 4}, complaints=("b", "a")),
    ]
    row = Row("cross-node", "case", {}, runs)
    assert row.figures == {"rate": 20.0, "lost": 0}
    assert row.disturbance == 0.5
    assert row.complaints == ["a", "b"]
    # One run that loses is one too many, whatever the median says.
    assert row.faults() == {"lost": 4}


def test_an_outcome_takes_further_figures() -> None:
    outcome = Outcome({"rate": 1.0}, others=0.3, tries=2).with_figures(nodes_mib=5.0)
    assert outcome == Outcome({"rate": 1.0, "nodes_mib": 5.0}, others=0.3, tries=2)
