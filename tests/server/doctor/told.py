"""What a report says, in a form that tests can look into."""

from collections.abc import Iterable

from server.doctor.finding import Finding, Level


def levels(findings: Iterable[Finding]) -> dict[str, Level]:
    """Return how bad each check is; the worst counts where there are several."""
    order = list(Level)
    worst: dict[str, Level] = {}
    for finding in findings:
        before = worst.get(finding.check, Level.OK)
        worst[finding.check] = max(before, finding.level, key=order.index)
    return worst


def bad(findings: Iterable[Finding]) -> list[Finding]:
    """Return those that are not OK; each has to say why it matters and how it is cured."""
    kept = [finding for finding in findings if finding.level is not Level.OK]
    assert all(finding.why and finding.cure for finding in kept)
    return kept
