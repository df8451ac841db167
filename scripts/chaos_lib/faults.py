"""The kinds of faults: what each of them is done to, and for how long. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scripts.trial_lib.target import SERVICES, Target


@dataclass(frozen=True, slots=True)
class Traits:
    """What is fixed for a kind of fault; times in seconds.

    Attributes:
        target: what it is done to.
        least: the shortest that it lasts.
        most: the longest.
        sessions: how many session timeouts are added to both: 1 to outlast the session.
        rest: seconds after it in which its target is left alone, so that it can come back.
    """

    target: Target
    least: float
    most: float
    sessions: int = 0
    rest: float = 2.0


class Kind(StrEnum):
    """Every kind of fault. The comment at each says what happens."""

    # SIGKILL; a new process on the same ports afterwards. Some of its users stay away for a while.
    KILL_NODE = "kill-node"
    # SIGTERM; a new process on the same ports afterwards.
    RESTART_NODE = "restart-node"
    # SIGSTOP … SIGCONT, within the session timeout.
    FREEZE_NODE = "freeze-node"
    # SIGSTOP … SIGCONT, for longer than the session timeout: a zombie comes back.
    FREEZE_NODE_LONG = "freeze-node-long"
    # Its clients are cut off, and refused when they come again.
    CUT_NODE_CLIENTS = "cut-node-clients"
    # Nothing passes between it and its clients, but connections stay.
    SILENCE_NODE_CLIENTS = "silence-node-clients"
    # Its connections to one service are cut, and refused.
    CUT_NODE_ZOOKEEPER = "cut-node-zookeeper"
    CUT_NODE_REDIS = "cut-node-redis"
    CUT_NODE_RABBITMQ = "cut-node-rabbitmq"
    # Nothing passes between it and any service, but connections stay; clients reach it.
    SILENCE_NODE_SERVICES = "silence-node-services"
    # SIGKILL and a new start with the same data.
    KILL_RABBITMQ = "kill-rabbitmq"
    # SIGSTOP … SIGCONT.
    FREEZE_RABBITMQ = "freeze-rabbitmq"
    # The memory alarm: publishers are blocked.
    BLOCK_RABBITMQ = "block-rabbitmq"
    # SIGKILL and a new start from the append-only file.
    KILL_REDIS = "kill-redis"
    # SIGSTOP … SIGCONT.
    FREEZE_REDIS = "freeze-redis"
    # Frozen for longer than the session timeout.
    FREEZE_ZOOKEEPER = "freeze-zookeeper"
    # Stopped and started with the same data.
    RESTART_ZOOKEEPER = "restart-zookeeper"
    # Cut off from all nodes at once: all that can be done to services that are not chaos's own.
    CUT_ZOOKEEPER = "cut-zookeeper"
    CUT_REDIS = "cut-redis"
    CUT_RABBITMQ = "cut-rabbitmq"
    # The same, but connections stay.
    SILENCE_ZOOKEEPER = "silence-zookeeper"
    SILENCE_REDIS = "silence-redis"
    SILENCE_RABBITMQ = "silence-rabbitmq"
    # SIGKILL and a new start.
    KILL_BALANCER = "kill-balancer"
    # Some users disconnect, and come back later where they had stopped.
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a schedule.

    Attributes:
        at: seconds after the begin.
        kind: what it is.
        node: index of the node that it is done to; None for anything else.
        lasts: seconds until it is healed.
    """

    at: float
    kind: Kind
    node: int | None
    lasts: float

    @property
    def target(self) -> str:
        """What it is done to, in words: `node 2`, `redis`."""
        target = TRAITS[self.kind].target
        return str(target) if self.node is None else f"{target} {self.node + 1}"

    @property
    def name(self) -> str:
        """What it is, in words: `kill-node 2`, `kill-redis`."""
        return str(self.kind) if self.node is None else f"{self.kind} {self.node + 1}"

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.name} for {self.lasts:.1f} s"


@dataclass(slots=True)
class Performed:
    """A fault that was carried out; times in seconds after the begin.

    Attributes:
        fault: what was planned.
        began: when it took effect.
        ended: when its target worked again; None while it doesn't.
    """

    fault: Fault
    began: float
    ended: float | None = None


TRAITS: dict[Kind, Traits] = {
    Kind.KILL_NODE: Traits(Target.NODE, 3, 6, rest=3),
    Kind.RESTART_NODE: Traits(Target.NODE, 1, 3, rest=3),
    Kind.FREEZE_NODE: Traits(Target.NODE, 1, 3),
    Kind.FREEZE_NODE_LONG: Traits(Target.NODE, 1.5, 4, sessions=1),
    Kind.CUT_NODE_CLIENTS: Traits(Target.NODE, 2, 5),
    Kind.SILENCE_NODE_CLIENTS: Traits(Target.NODE, 2, 6),
    Kind.CUT_NODE_ZOOKEEPER: Traits(Target.NODE, 1, 3, sessions=1),
    Kind.CUT_NODE_REDIS: Traits(Target.NODE, 2, 5),
    Kind.CUT_NODE_RABBITMQ: Traits(Target.NODE, 2, 6),
    Kind.SILENCE_NODE_SERVICES: Traits(Target.NODE, 2, 8),
    Kind.KILL_RABBITMQ: Traits(Target.RABBITMQ, 2, 5, rest=9),
    Kind.FREEZE_RABBITMQ: Traits(Target.RABBITMQ, 3, 8),
    Kind.BLOCK_RABBITMQ: Traits(Target.RABBITMQ, 3, 6, rest=4),
    Kind.KILL_REDIS: Traits(Target.REDIS, 1, 4, rest=3),
    Kind.FREEZE_REDIS: Traits(Target.REDIS, 2, 5),
    Kind.FREEZE_ZOOKEEPER: Traits(Target.ZOOKEEPER, 1, 3, sessions=1, rest=3),
    Kind.RESTART_ZOOKEEPER: Traits(Target.ZOOKEEPER, 1, 3, rest=5),
    Kind.CUT_ZOOKEEPER: Traits(Target.ZOOKEEPER, 1, 3, sessions=1, rest=3),
    Kind.CUT_REDIS: Traits(Target.REDIS, 1, 4),
    Kind.CUT_RABBITMQ: Traits(Target.RABBITMQ, 2, 6),
    Kind.SILENCE_ZOOKEEPER: Traits(Target.ZOOKEEPER, 1, 3, sessions=1, rest=3),
    Kind.SILENCE_REDIS: Traits(Target.REDIS, 2, 5),
    Kind.SILENCE_RABBITMQ: Traits(Target.RABBITMQ, 3, 8),
    Kind.KILL_BALANCER: Traits(Target.BALANCER, 2, 5),
    Kind.LEAVE: Traits(Target.USERS, 4, 8),
}

_ONLY_OWN = {
    Target.ZOOKEEPER: {Kind.FREEZE_ZOOKEEPER, Kind.RESTART_ZOOKEEPER},
    Target.REDIS: {Kind.KILL_REDIS, Kind.FREEZE_REDIS},
    Target.RABBITMQ: {Kind.KILL_RABBITMQ, Kind.FREEZE_RABBITMQ, Kind.BLOCK_RABBITMQ},
}
_ONLY_FOREIGN = {
    Target.ZOOKEEPER: {Kind.CUT_ZOOKEEPER, Kind.SILENCE_ZOOKEEPER},
    Target.REDIS: {Kind.CUT_REDIS, Kind.SILENCE_REDIS},
    Target.RABBITMQ: {Kind.CUT_RABBITMQ, Kind.SILENCE_RABBITMQ},
}


def possible_kinds(foreign: frozenset[Target] = frozenset()) -> tuple[Kind, ...]:
    """Return the kinds that can be done.

    Args:
        foreign: services that belong to somebody else: they can only be cut off.
    """
    left_out: set[Kind] = set()
    for service in SERVICES:
        left_out |= (_ONLY_OWN if service in foreign else _ONLY_FOREIGN)[service]
    return tuple(kind for kind in Kind if kind not in left_out)
