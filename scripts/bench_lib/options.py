"""Everything that `scripts/bench` can be told, in one place. Only `cli` fills it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.bench_lib.load import Times
from scripts.trial_lib.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a benchmark is told; times in seconds.

    Attributes:
        reps: how often each case is run; the medians are shown.
        seconds: how long a run is measured.
        warm: how long it runs before that.
        noise: processors' worth of disturbance from which on a run is repeated.
        tries: how many runs are made at most to get a quiet one.
        patience: how long all repetitions because of noise may take together.
        services: addresses of services that are there; the others are started.
        pairs: pairs of users.
        body_bytes: size of a message's body.
        rates: messages a second of the open loops.
        durable: which kinds of messages: stored ones (True), others (False).
        routing: how the nodes publish.
        node_counts: of `fanout-cost`.
        connections: of `idle`: connections that are held open.
        heartbeat: of `idle`: silence after which a node pings; measured for twice that.
        connects: of `connect`: how many are made in a run.
        clients: of `balancer`: connections that ask.
        waiting: of `replay`: messages that wait for a user.
        users: of `replay`: users for whom they wait.
        json: where to write the results; None for nowhere.
        compare: earlier results to compare with; None for none.
    """

    reps: int = 3
    seconds: float = 3.0
    warm: float = 1.0
    noise: float = 0.15
    tries: int = 3
    patience: float = 60.0
    services: Mapping[Target, str] = field(default_factory=dict)
    pairs: int = 100
    body_bytes: int = 100
    rates: tuple[float, ...] = (500.0, 2000.0, 8000.0)
    durable: tuple[bool, ...] = (True, False)
    routing: str = "fanout"
    node_counts: tuple[int, ...] = (2, 4, 8, 16)
    connections: int = 2000
    heartbeat: float = 5.0
    connects: int = 3000
    clients: int = 32
    waiting: int = 10_000
    users: int = 5
    json: Path | None = None
    compare: Path | None = None

    @property
    def times(self) -> Times:
        """How long a run takes."""
        return Times(self.warm, self.seconds)
