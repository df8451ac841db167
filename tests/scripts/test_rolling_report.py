"""The report fails a run that missed a goal, and no other."""

from __future__ import annotations

import dataclasses
import json

import pytest

from scripts.rolling_lib.gaps import GapFigures
from scripts.rolling_lib.pace import Pace
from scripts.rolling_lib.report import Report, lines
from scripts.rolling_lib.restart import Restart
from tests.scripts.rolling_world import GOOD
from tests.scripts.totals import TOTALS


def text(report: Report) -> str:
    return "\n".join(lines(report))


def test_a_run_at_the_goals_passes() -> None:
    shown = text(GOOD)
    assert GOOD.complaints() == []
    assert shown.splitlines()[-1] == "PASSED"
    for piece in (
        "3 nodes, 300 clients, 500 messages a second, drained within 10 s",
        "node-1          100 clients gone in 9.0 s (49 to node-2, 51 to node-3), back 1.5 s later",
        "at most 20 reconnects in a second, evenly 10.0",
        "lost            0\n",
        "100; at worst 20 in a second, 2.00 times the even pace of 10.0 (goal: 2)",
        "p50 0 ms, p99 250 ms, longest 500 ms (goal: p99 250 ms); 4 of 300 clients lost theirs",
        "latency before  p50 2.1 ms, p99 12 ms, longest 50 ms (2500 messages)",
        "clients         connected 400, moving 100",
    ):
        assert piece in shown


@pytest.mark.parametrize("what", ["lost", "doubled", "out_of_order", "strange"])
def test_a_message_gone_wrong_fails_it(what: str) -> None:
    report = dataclasses.replace(GOOD, totals=dataclasses.replace(TOTALS, **{what: 3}))
    assert report.complaints() == [f"3 {what.replace('_', ' ')}"]
    assert text(report).splitlines()[-1] == f"FAILED: 3 {what.replace('_', ' ')}"


def test_a_stampede_fails_it() -> None:
    two = [GOOD.restarts[0], Restart("node-2", 150, 16.0, 26.0, 27.0, {"node-1": 150})]
    report = dataclasses.replace(GOOD, restarts=two, paces=[Pace(10.0, 21), Pace(15.0, 29)])
    assert report.worst_pace == Pace(10.0, 21)
    assert report.complaints() == ["reconnects came at 2.1 times the even pace"]


def test_gaps_fail_it() -> None:
    report = dataclasses.replace(GOOD, gaps=GapFigures(300, 0.1, 0.2512, 3.0))
    assert report.complaints() == ["clients were without a channel for 251.2 ms (p99)"]


def test_problems_fail_it() -> None:
    report = dataclasses.replace(GOOD, problems=["node-1 isn't ready"], clients_ended=1)
    assert report.complaints() == ["1 clients ended", "node-1 isn't ready"]


def test_a_kill_is_called_so() -> None:
    assert "messages a second, killed" in text(dataclasses.replace(GOOD, kill=True))


def test_json_holds_everything() -> None:
    unfinished = Restart("node-1", 100, 5.0)
    told = json.loads(dataclasses.replace(GOOD, restarts=[unfinished]).to_json())
    assert told["passed"] is True
    assert told["totals"]["sent"] == 10
    assert told["worst_pace"] == {"even": 10.0, "peak": 20, "ratio": 2.0}
    assert told["goals"] == {"pace_ratio": 2.0, "gap_p99": 0.25}
    assert told["restarts"][0]["back"] is None
    assert told["latencies"]["before"]["p99"] == 0.012
    assert told["gaps"]["longest"] == 0.5
