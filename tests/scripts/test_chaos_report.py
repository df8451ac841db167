"""The report fails a run for what the issue says, and for nothing else."""

from __future__ import annotations

import dataclasses
import json

import pytest

from scripts.chaos_lib.faults import Fault, Kind, Performed
from scripts.chaos_lib.ghosts import Ghost
from scripts.chaos_lib.report import Report, lines
from scripts.chaos_lib.stalls import Stall
from scripts.trial_lib.ledger import Finding
from scripts.trial_lib.telling import SHOWN
from tests.scripts.totals import TOTALS

GOOD = Report(
    seed=1,
    seconds=60.0,
    nodes=3,
    users=50,
    session_timeout=5.0,
    services="redis: appendfsync always",
    cluster="chaos-1",
    totals=TOTALS,
    findings=[],
    ghost=Ghost(6.9, "bob", "why", 1, 30.0),
    ghost_limit=7.0,
    presence_answers=500,
    stalls=[Stall(3.25, 20.0, "alice", "bob", 4)],
    stall_p99=0.5,
    performed=[Performed(Fault(3.0, Kind.KILL_NODE, 1, 4.0), 3.1, 8.0)],
    left_out=[],
    refusals={"SendTimeout": 2},
    events={"connected": 51},
    clients_ended=0,
    problems=[],
    interrupted=False,
)
LOST = Finding("lost", "alice", "bob", 4, 12.5, None, "s-4 at offset 9")


def text(report: Report) -> str:
    return "\n".join(lines(report))


def test_a_good_run_passes() -> None:
    shown = text(GOOD)
    assert GOOD.complaints() == []
    assert shown.splitlines()[-1] == "PASSED"
    for piece in (
        "faults          1 of 1 kinds",
        "sent            10\n",
        "lost            0\n",
        "unconfirmed     2, 1 of them delivered (SendTimeout 2)",
        "ghosts          6.9 s, limit 7.0 s",
        "longest stall   3.2 s; 99 % within 0.50 s",
        "clients         connected 51",
    ):
        assert piece in shown


@pytest.mark.parametrize("what", ["lost", "doubled", "out_of_order", "strange"])
def test_a_message_gone_wrong_fails_it(what: str) -> None:
    totals = dataclasses.replace(TOTALS, **{what: 3})
    report = dataclasses.replace(GOOD, totals=totals)
    assert report.complaints() == [f"3 {what.replace('_', ' ')}"]
    assert text(report).splitlines()[-1] == f"FAILED: 3 {what.replace('_', ' ')}"


def test_the_messages_are_shown() -> None:
    shown = text(dataclasses.replace(GOOD, findings=[LOST] * (SHOWN + 5)))
    assert "lost: alice → bob 4, confirmed at 12.50 s s-4 at offset 9" in shown
    assert "… and 5 more" in shown


def test_an_old_ghost_fails_it() -> None:
    report = dataclasses.replace(GOOD, ghost=Ghost(7.1, "bob", "a reason", 2, 30.0))
    assert report.complaints() == ["a ghost of 7.1 s"]
    assert "node 2 said at 30.0 s of bob: a reason" in text(report)


def test_problems_fail_it() -> None:
    report = dataclasses.replace(GOOD, problems=["node-1 isn't ready"], clients_ended=1)
    assert report.complaints() == ["1 clients ended", "node-1 isn't ready"]


def test_an_interrupted_run_says_so() -> None:
    report = dataclasses.replace(GOOD, interrupted=True, left_out=["kill-redis"])
    assert text(report).endswith("PASSED (interrupted)")
    assert "left out        kill-redis" in text(report)


def test_json_holds_everything() -> None:
    told = json.loads(dataclasses.replace(GOOD, findings=[LOST]).to_json())
    assert told["passed"] is True
    assert told["totals"]["sent"] == 10
    assert told["findings"][0]["trace"] == "s-4 at offset 9"
    assert told["performed"][0]["fault"]["kind"] == "kill-node"
    assert told["stalls"][0]["seconds"] == 3.25
