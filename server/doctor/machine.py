"""Whether this machine can carry a node: a judgement of facts. Pure."""

from dataclasses import dataclass

from cluster.file_limit import room_within
from server.doctor.finding import Finding, Findings
from server.listener import BACKLOG

# Open files that a node should have, if it is not said how many clients it is to take.
LEAST_FILES = 4096
LEAST_SOMAXCONN = 1024
LEAST_PYTHON = (3, 11)
# This was written then: no clock that is right shows less (2026-01-01, UTC).
WRITTEN = 1_767_225_600.0


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What the probe has seen.

    Attributes:
        soft_files: the soft limit of open files; None for no limit.
        hard_files: the hard limit, to which a node raises the soft one; None for no limit.
        somaxconn: how many connections may wait to be accepted; None if it can't be read.
        uvloop: its version; None if it can't be imported.
        python: the interpreter's version.
        time: the clock, in seconds since 1970.
    """

    soft_files: int | None
    hard_files: int | None
    somaxconn: int | None
    uvloop: str | None
    python: tuple[int, int, int]
    time: float


def judge_machine(facts: MachineFacts, max_connections: int | None) -> list[Finding]:
    """Return the findings.

    Args:
        facts: what was seen.
        max_connections: how many clients the node is to take; None if that is not said.
    """
    findings = Findings("machine")
    _judge_files(facts, max_connections, findings)
    _judge_backlog(facts.somaxconn, findings)
    _judge_programs(facts, findings)
    _judge_time(facts.time, findings)
    return findings.made


def _judge_files(facts: MachineFacts, wanted: int | None, findings: Findings) -> None:
    hard = facts.hard_files
    if hard is None:
        findings.ok("open files", "no limit")
        return
    found = f"limit {hard}: room for {room_within(hard)} clients"
    if facts.soft_files != hard:
        found = f"{found} (a node raises its soft limit, {facts.soft_files}, to the hard one)"
    enough = hard >= LEAST_FILES if wanted is None else room_within(hard) >= wanted
    if enough:
        findings.ok("open files", found)
        return
    needed = LEAST_FILES if wanted is None else _files_for(wanted)
    findings.fail(
        "open files",
        found,
        "every client is an open file; beyond the limit clients are turned away",
        f"ulimit -Hn {needed} as root; for systemd LimitNOFILE={needed}, "
        f"for Docker --ulimit nofile={needed}",
    )


def _files_for(clients: int) -> int:
    """Return a limit that leaves room for so many clients, in whole thousands."""
    files = LEAST_FILES
    while room_within(files) < clients:
        files += 1000
    return files


def _judge_backlog(somaxconn: int | None, findings: Findings) -> None:
    if somaxconn is None:
        findings.ok("somaxconn", "this system does not tell it")
    elif somaxconn < LEAST_SOMAXCONN:
        findings.warn(
            "somaxconn",
            str(somaxconn),
            "so many may wait to be accepted; a crowd that reconnects is refused",
            f"sysctl -w net.core.somaxconn={BACKLOG}",
        )
    else:
        findings.ok("somaxconn", str(somaxconn))


def _judge_programs(facts: MachineFacts, findings: Findings) -> None:
    version = ".".join(map(str, facts.python))
    if facts.python < LEAST_PYTHON:
        findings.fail("Python", version, "a node needs 3.11 or newer", "apt-get install python3.11")
    else:
        findings.ok("Python", version)
    if facts.uvloop is None:
        findings.fail("uvloop", "missing", "a node runs on its loop", "pip install uvloop")
    else:
        findings.ok("uvloop", facts.uvloop)


def _judge_time(time: float, findings: Findings) -> None:
    if time < WRITTEN:
        findings.fail(
            "clock",
            "it stands before this program was written",
            "tokens and messages bear its time",
            "timedatectl set-ntp true",
        )
    else:
        findings.ok("clock", "not before this program was written")
