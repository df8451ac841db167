"""Cases take turns, and each is run as often as wanted."""

from __future__ import annotations

import time
from pathlib import Path

from scripts.bench_lib.options import Options
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.pins import Pins
from scripts.bench_lib.quiet import Patience
from scripts.bench_lib.stage import Case, Stage
from scripts.bench_lib.world import World


def test_cases_take_turns(tmp_path: Path) -> None:
    ran: list[str] = []
    said: list[str] = []

    def case(name: str) -> Case:
        def run() -> Outcome:
            ran.append(name)
            return Outcome({"rate": float(len(ran))})

        return Case(name, {"nodes": 2}, run)

    # A world that is described and not started.
    world = World({}, tmp_path, Pins(), said.append)
    patience = Patience(0.1, 3, 60.0, time.monotonic, said.append)
    stage = Stage(Options(reps=3), world, patience, said.append)
    first, second = stage.play("bench", [case("a"), case("b")])
    assert ran == ["a", "b"] * 3
    assert (first.case, first.figures, first.axes) == ("a", {"rate": 3.0}, {"nodes": 2})
    assert second.figures == {"rate": 4.0}
    assert said[0] == "bench: a (1/3)"
