"""The report: what a rolling restart has found, as lines for people and as JSON. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from scripts.rolling_lib.gaps import GapFigures
from scripts.rolling_lib.latencies import LatencyFigures
from scripts.rolling_lib.options import GAP_GOAL, PACE_GOAL
from scripts.rolling_lib.pace import Pace
from scripts.rolling_lib.restart import Restart
from scripts.trial_lib.ledger import Finding, Totals
from scripts.trial_lib.telling import counted, finding_lines, message_lines, wrongs


@dataclass(frozen=True, slots=True)
class Report:
    """One run; times in seconds, moments after the begin.

    Attributes:
        seed: decided who wrote to whom.
        nodes: how many nodes there were.
        clients: how many clients.
        rate: messages a second that were to be sent.
        drain_within: how long a node had to send its clients away.
        kill: whether nodes were killed instead.
        cluster: the name of the cluster in the services.
        totals: what became of the messages.
        findings: messages with which something is wrong.
        restarts: the restarts, in their order.
        paces: the pace of the reconnects from each restart to the next.
        reconnects: how many there were in all.
        gaps: how long clients were without a channel.
        latencies: `before`, `during` and `after` the restarts.
        refusals: why sends were not confirmed, and how often.
        events: what the clients reported, and how often.
        clients_ended: how many clients gave up for good without being asked to.
        problems: what went wrong beside the messages, in words.
    """

    seed: int
    nodes: int
    clients: int
    rate: float
    drain_within: float
    kill: bool
    cluster: str
    totals: Totals
    findings: Sequence[Finding]
    restarts: Sequence[Restart]
    paces: Sequence[Pace]
    reconnects: int
    gaps: GapFigures
    latencies: Mapping[str, LatencyFigures]
    refusals: Mapping[str, int]
    events: Mapping[str, int]
    clients_ended: int
    problems: Sequence[str]

    @property
    def worst_pace(self) -> Pace:
        """The pace whose peak exceeds the even one most; nothing at all before any restart."""
        return max(self.paces, key=lambda pace: pace.ratio, default=Pace(0.0, 0))

    def complaints(self) -> list[str]:
        """Return why the run has failed, in words; empty if it has passed."""
        found, worst = wrongs(self.totals), self.worst_pace
        if self.clients_ended:
            found.append(f"{self.clients_ended} clients ended")
        if worst.ratio > PACE_GOAL:
            found.append(f"reconnects came at {worst.ratio:.1f} times the even pace")
        if self.gaps.p99 > GAP_GOAL:
            found.append(f"clients were without a channel for {_ms(self.gaps.p99)} ms (p99)")
        return found + list(self.problems)

    def to_json(self) -> bytes:
        """Return everything as JSON, with `passed` and the worst pace."""
        complaints, worst = self.complaints(), self.worst_pace
        fields: dict[str, Any] = dataclasses.asdict(self)
        fields["worst_pace"] = {**dataclasses.asdict(worst), "ratio": worst.ratio}
        fields["goals"] = {"pace_ratio": PACE_GOAL, "gap_p99": GAP_GOAL}
        fields |= {"passed": not complaints, "complaints": complaints}
        return msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"


def lines(report: Report) -> Iterator[str]:
    """Yield the report as it is printed."""
    worst, gaps = report.worst_pace, report.gaps
    how = "killed" if report.kill else f"drained within {report.drain_within:g} s"
    yield (
        f"seed {report.seed}: {report.nodes} nodes, {report.clients} clients, {report.rate:g} "
        f"messages a second, {how}"
    )
    for restart, pace in zip(report.restarts, report.paces, strict=True):
        yield f"  {restart.node:<15} {_in_words(restart, pace)}"
    yield from message_lines(report.totals, report.refusals)
    yield (
        f"  reconnects      {report.reconnects}; at worst {worst.peak} in a second, "
        f"{worst.ratio:.2f} times the even pace of {worst.even:.1f} (goal: {PACE_GOAL:g})"
    )
    yield (
        f"  no channel      p50 {_ms(gaps.p50)} ms, p99 {_ms(gaps.p99)} ms, longest "
        f"{_ms(gaps.longest)} ms (goal: p99 {_ms(GAP_GOAL)} ms); "
        f"{gaps.clients} of {report.clients} clients lost theirs"
    )
    for when, figures in report.latencies.items():
        yield (
            f"  latency {when:<7} p50 {_ms(figures.p50)} ms, p99 {_ms(figures.p99)} ms, longest "
            f"{_ms(figures.longest)} ms ({figures.messages} messages)"
        )
    yield f"  clients         {counted(report.events) or 'nothing to report'}"
    yield from finding_lines(report.findings)
    complaints = report.complaints()
    yield f"FAILED: {'; '.join(complaints)}" if complaints else "PASSED"


def _in_words(restart: Restart, pace: Pace) -> str:
    spread = ", ".join(f"{count} to {name}" for name, count in sorted(restart.moved_to.items()))
    return (
        f"{restart.clients} clients gone in {restart.gone - restart.told:.1f} s "
        f"({spread or 'none'}), back {restart.back - restart.gone:.1f} s later; "
        f"at most {pace.peak} reconnects in a second, evenly {pace.even:.1f}"
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}".removesuffix(".0")
