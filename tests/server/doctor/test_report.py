"""The report: a line for each finding, or JSON."""

import json

import click

from server.doctor.finding import Findings
from server.doctor.report import as_json, as_lines, for_terminal


def some() -> Findings:
    findings = Findings("Redis")
    findings.ok("version", "7.0.15")
    findings.fail("role", "a\nreplica", "it takes no writes", "redis-cli REPLICAOF NO ONE")
    return findings


def test_each_finding_is_one_line_with_why_and_cure() -> None:
    assert as_lines(some().made) == [
        "OK    Redis  version: 7.0.15",
        "FAIL  Redis  role: a replica; it takes no writes. Cure: redis-cli REPLICAOF NO ONE",
        "1 OK, 0 WARN, 1 FAIL",
    ]
    assert as_lines([]) == ["0 OK, 0 WARN, 0 FAIL"]


def test_on_a_terminal_it_is_wrapped_and_a_cure_is_one_line() -> None:
    findings = some()
    findings.fail("append-only file", "off", "a restart " + "loses much " * 5, "fix " * 20 + "it")
    lines = [click.unstyle(line) for line in for_terminal(findings.made, 50)]
    assert lines == [
        "OK    Redis  version: 7.0.15",
        "FAIL  Redis  role: a replica; it takes no writes",
        "             Cure: redis-cli REPLICAOF NO ONE",
        "FAIL  Redis  append-only file: off; a restart",
        "             loses much loses much loses much",
        "             loses much loses much",
        "             Cure: " + "fix " * 20 + "it",
        "1 OK, 0 WARN, 2 FAIL",
    ]
    assert for_terminal(findings.made, 50)[1].startswith(click.style("FAIL", "red"))
    assert for_terminal(findings.made, 5)[0].endswith("version: 7.0.15"), "however narrow it is"
    assert for_terminal([], 50) == ["0 OK, 0 WARN, 0 FAIL"]


def test_json_says_whether_all_is_well_and_everything_else() -> None:
    told = json.loads(as_json(some().made))
    assert told["ok"] is False
    assert told["findings"][1] == {
        "level": "FAIL",
        "subject": "Redis",
        "check": "role",
        "found": "a\nreplica",
        "why": "it takes no writes",
        "cure": "redis-cli REPLICAOF NO ONE",
    }
    assert json.loads(as_json(some().made[:1]))["ok"] is True
