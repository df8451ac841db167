"""A finding: what was looked at, what was found, why it matters, and the cure. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    # As it should be.
    OK = "OK"
    # A node runs, but something is risky, or could not be seen.
    WARN = "WARN"
    # A node does not run, or loses messages when something breaks.
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        level: how bad it is.
        subject: the service, or `machine`.
        check: what was looked at.
        found: what was found there.
        why: why that matters; empty if all is well.
        cure: what to do, a command where there is one; empty if all is well.
    """

    level: Level
    subject: str
    check: str
    found: str
    why: str = ""
    cure: str = ""


class Findings:
    """The findings about one subject, in the order in which they were made."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        # What has been found so far.
        self.made: list[Finding] = []

    def ok(self, check: str, found: str) -> None:
        """Add what is as it should be."""
        self.made.append(Finding(Level.OK, self._subject, check, found))

    def warn(self, check: str, found: str, why: str, cure: str) -> None:
        """Add what is risky, or could not be seen."""
        self.made.append(Finding(Level.WARN, self._subject, check, found, why, cure))

    def fail(self, check: str, found: str, why: str, cure: str) -> None:
        """Add what has to be mended."""
        self.made.append(Finding(Level.FAIL, self._subject, check, found, why, cure))


def has_failed(findings: Iterable[Finding]) -> bool:
    """Tell whether something has to be mended."""
    return any(finding.level is Level.FAIL for finding in findings)
