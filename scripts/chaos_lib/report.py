"""The report: what a run has found, as lines for people and as JSON. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from scripts.chaos_lib.faults import Performed
from scripts.chaos_lib.ghosts import Ghost
from scripts.chaos_lib.stalls import Stall
from scripts.trial_lib.ledger import Finding, Totals
from scripts.trial_lib.telling import counted, finding_lines, message_lines, wrongs


@dataclass(frozen=True, slots=True)
class Report:
    """One run; times in seconds, moments after the begin.

    Attributes:
        seed: what the schedule was made from.
        seconds: how long messages were sent.
        nodes: how many nodes there were.
        users: how many users.
        session_timeout: of the nodes.
        services: what the services were, in words.
        cluster: the name of the cluster in them.
        totals: what became of the messages.
        findings: messages with which something is wrong.
        ghost: the longest ghost.
        ghost_limit: how old it may be.
        presence_answers: how many answers it was looked for in.
        stalls: the longest ways of messages.
        stall_p99: what 99 % of the messages did not exceed on their way.
        performed: the faults as they were carried out.
        left_out: the faults of the schedule for which there was no time.
        refusals: why sends were not confirmed, and how often.
        events: what the clients reported, and how often.
        clients_ended: how many clients gave up for good without being asked to.
        problems: what went wrong beside the messages, in words.
        interrupted: whether it was ended early.
    """

    seed: int
    seconds: float
    nodes: int
    users: int
    session_timeout: float
    services: str
    cluster: str
    totals: Totals
    findings: Sequence[Finding]
    ghost: Ghost
    ghost_limit: float
    presence_answers: int
    stalls: Sequence[Stall]
    stall_p99: float
    performed: Sequence[Performed]
    left_out: Sequence[str]
    refusals: Mapping[str, int]
    events: Mapping[str, int]
    clients_ended: int
    problems: Sequence[str]
    interrupted: bool

    def complaints(self) -> list[str]:
        """Return why the run has failed, in words; empty if it has passed."""
        found = wrongs(self.totals)
        if self.clients_ended:
            found.append(f"{self.clients_ended} clients ended")
        if self.ghost.age > self.ghost_limit:
            found.append(f"a ghost of {self.ghost.age:.1f} s")
        return found + list(self.problems)

    def to_json(self) -> bytes:
        """Return everything as JSON, with `passed`."""
        fields: dict[str, Any] = dataclasses.asdict(self)
        complaints = self.complaints()
        fields |= {"passed": not complaints, "complaints": complaints}
        return msgspec.json.format(msgspec.json.encode(fields), indent=2) + b"\n"


def lines(report: Report) -> Iterator[str]:
    """Yield the report as it is printed."""
    totals, ghost = report.totals, report.ghost
    kinds = {each.fault.kind for each in report.performed}
    yield (
        f"seed {report.seed}: {report.seconds:.0f} s, {report.nodes} nodes, "
        f"{report.users} users; {report.services}"
    )
    yield f"  faults          {len(report.performed)} of {len(kinds)} kinds"
    yield from message_lines(totals, report.refusals)
    yield (
        f"  ghosts          {ghost.age:.1f} s, limit {report.ghost_limit:.1f} s "
        f"({report.presence_answers} answers)"
    )
    worst = report.stalls[0].seconds if report.stalls else 0.0
    yield f"  longest stall   {worst:.1f} s; 99 % within {report.stall_p99:.2f} s"
    yield f"  clients         {counted(report.events) or 'nothing to report'}"
    if totals.strange:
        yield f"  strange         {totals.strange}"
    if report.left_out:
        yield f"  left out        {', '.join(report.left_out)}"
    yield from finding_lines(report.findings)
    yield from _ghost_lines(report)
    complaints = report.complaints()
    ended = " (interrupted)" if report.interrupted else ""
    yield f"FAILED{ended}: {'; '.join(complaints)}" if complaints else f"PASSED{ended}"


def _ghost_lines(report: Report) -> Iterator[str]:
    if report.ghost.age > report.ghost_limit:
        ghost = report.ghost
        yield f"  ghost: node {ghost.node} said at {ghost.at:.1f} s of {ghost.user}: {ghost.why}"
