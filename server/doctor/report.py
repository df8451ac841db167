"""The report of `server doctor`, for people and for programs. Pure."""

import json
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import click

from server.doctor.finding import Finding, Level, has_failed

_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}
# Columns that a text gets, however narrow the terminal is.
_LEAST_WIDTH = 30


def as_lines(findings: Sequence[Finding]) -> list[str]:
    """Return a line for each finding, and one that sums up."""
    subjects = _width(findings)
    return [*(_line(finding, subjects) for finding in findings), _summary(findings)]


def for_terminal(findings: Sequence[Finding], width: int) -> list[str]:
    """Return the same for eyes: wrapped below its beginning, coloured, each cure in a line.

    A cure is not wrapped: what is copied from the screen has to stay one command.

    Args:
        findings: what was found.
        width: columns of the terminal.
    """
    subjects = _width(findings)
    shown: list[str] = []
    for finding in findings:
        head, told = _head(finding, subjects), _told(finding)
        indent = " " * len(head)
        room = max(width - len(head), _LEAST_WIDTH)
        text = textwrap.wrap(told, room, break_long_words=False, break_on_hyphens=False)
        lines = [*text, *([f"Cure: {finding.cure}"] if finding.cure else [])]
        coloured = click.style(finding.level, _COLOURS[finding.level])
        shown.append(coloured + head[len(finding.level) :] + lines[0])
        shown += [indent + line for line in lines[1:]]
    return [*shown, _summary(findings)]


def as_json(findings: Sequence[Finding]) -> str:
    """Return one JSON object: `ok`, and the findings with all their parts."""
    return json.dumps(
        {"ok": not has_failed(findings), "findings": [asdict(finding) for finding in findings]},
        indent=2,
    )


def _width(findings: Sequence[Finding]) -> int:
    return max((len(finding.subject) for finding in findings), default=0)


def _head(finding: Finding, width: int) -> str:
    return f"{finding.level:<4}  {finding.subject:<{width}}  "


def _told(finding: Finding) -> str:
    told = f"{finding.check}: {finding.found}"
    if finding.why:
        told += f"; {finding.why}"
    return " ".join(told.splitlines())


def _line(finding: Finding, width: int) -> str:
    cure = f". Cure: {finding.cure}" if finding.cure else ""
    return " ".join(f"{_head(finding, width)}{_told(finding)}{cure}".splitlines())


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.level for finding in findings)
    return ", ".join(f"{counts[level]} {level}" for level in Level)
