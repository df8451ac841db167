"""The report of `server doctor`, for people and for programs. Pure."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from server.doctor.finding import Finding, Level, has_failed


def as_lines(findings: Sequence[Finding]) -> list[str]:
    """Return a line for each finding, and one that sums up."""
    subjects = max((len(finding.subject) for finding in findings), default=0)
    lines = [_line(finding, subjects) for finding in findings]
    counts = Counter(finding.level for finding in findings)
    summary = ", ".join(f"{counts[level]} {level}" for level in Level)
    return [*lines, summary]


def as_json(findings: Sequence[Finding]) -> str:
    """Return one JSON object: `ok`, and the findings with all their parts."""
    return json.dumps(
        {"ok": not has_failed(findings), "findings": [asdict(finding) for finding in findings]},
        indent=2,
    )


def _line(finding: Finding, width: int) -> str:
    line = f"{finding.level:<4}  {finding.subject:<{width}}  {finding.check}: {finding.found}"
    if finding.why:
        line += f"; {finding.why}"
    if finding.cure:
        line += f". Cure: {finding.cure}"
    return " ".join(line.splitlines())
