"""What a rolling restart is told, and the goals that it is held to. Only `cli.py` fills it in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.trial_lib.target import SERVICES, Target

# The largest number of reconnects in any second, in units of the even pace.
PACE_GOAL = 2.0
# Seconds without a channel that 99 % of the clients may not exceed.
GAP_GOAL = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run; times in seconds.

    Attributes:
        seed: decides who writes to whom.
        nodes: how many node processes.
        clients: how many clients; each talks to all others.
        rate: messages a second, of all clients together.
        drain_within: how long a node has to send its clients away.
        kill: end nodes without a drain, by SIGKILL.
        steady: how long to talk before the first restart, and again after the last one.
        settle: how long nothing may be delivered before what is missing counts as lost. It has to
            outlast the nodes' slowest way to repair, their comparison every 30 s.
        services: addresses of services that belong to somebody else, by target.
        json: file for the report as JSON; None for the run's folder alone.
    """

    seed: int
    nodes: int
    clients: int
    rate: float
    drain_within: float
    kill: bool
    steady: float
    settle: float
    services: dict[Target, str]
    json: Path | None

    @property
    def own_services(self) -> tuple[Target, ...]:
        """Return the services that the run starts itself."""
        return tuple(target for target in SERVICES if target not in self.services)
