"""Findings: what is kept of each, and when a report has failed."""

from server.doctor.finding import Finding, Findings, Level, has_failed


def test_findings_keep_their_order_and_subject() -> None:
    findings = Findings("Redis")
    findings.ok("version", "7.0.15")
    findings.warn("memory", "90 %", "full soon", "more")
    findings.fail("role", "replica", "no writes", "another")
    assert findings.made == [
        Finding(Level.OK, "Redis", "version", "7.0.15"),
        Finding(Level.WARN, "Redis", "memory", "90 %", "full soon", "more"),
        Finding(Level.FAIL, "Redis", "role", "replica", "no writes", "another"),
    ]


def test_only_a_fail_fails() -> None:
    findings = Findings("Redis")
    findings.ok("a", "b")
    findings.warn("a", "b", "c", "d")
    assert not has_failed(findings.made)
    findings.fail("a", "b", "c", "d")
    assert has_failed(findings.made)
