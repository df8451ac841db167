"""What a run of chaos is told. Only `cli.py` fills it in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.chaos_lib.faults import Kind
from scripts.trial_lib.target import SERVICES, Target

# Seconds beyond the session timeout within which a dead node's users have to be offline.
GHOST_GRACE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run; times in seconds.

    Attributes:
        seed: makes the schedule; the same seed, the same schedule.
        seconds: how long messages are sent and faults made.
        nodes: how many node processes.
        users: how many users; each talks to all others.
        rate: messages a second, of all users together.
        session_timeout: of the nodes.
        kinds: the faults that may happen.
        settle: how long nothing may be delivered before what is missing counts as lost. It has to
            outlast the nodes' slowest way to repair, their comparison every 30 s.
        routing: how the nodes publish, `fanout` or `direct`.
        fsync: Redis's `appendfsync`, if Redis is chaos's own.
        services: addresses of services that belong to somebody else, by target.
        break_delivery: lose messages on purpose, to see that it is found.
        report: file for the report as JSON; None for the run's folder alone.
    """

    seed: int
    seconds: float
    nodes: int
    users: int
    rate: float
    session_timeout: float
    kinds: tuple[Kind, ...]
    settle: float
    routing: Literal["fanout", "direct"]
    fsync: Literal["always", "everysec"]
    services: dict[Target, str]
    break_delivery: bool
    report: Path | None

    @property
    def ghost_limit(self) -> float:
        """How old a ghost may become, in seconds."""
        return self.session_timeout + GHOST_GRACE

    @property
    def own_services(self) -> tuple[Target, ...]:
        """Return the services that chaos starts itself."""
        return tuple(target for target in SERVICES if target not in self.services)
