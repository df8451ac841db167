"""The schedule: which fault happens when. A pure function of its arguments."""

from __future__ import annotations

import random
from collections.abc import Sequence

from scripts.chaos_lib.faults import TRAITS, Fault, Kind
from scripts.trial_lib.target import Target

# Seconds without faults at the begin and at the end.
QUIET_BEGIN = 2.0
QUIET_END = 1.0
# Seconds between two faults, on average; several of them last at the same time.
EVERY = 3.0
# From so many seconds on every kind is to find its place; it does on three nodes or more, with
# session timeouts of some seconds.
ENOUGH_FOR_ALL = 60.0

_ATTEMPTS = 40
# Seconds by which a fault is put off when it does not fit.
_STEP = 0.5
# Seconds between the faults of two nodes if no third one is without.
_BREATH = 0.5


def make_schedule(
    seed: int, seconds: float, nodes: int, session_timeout: float, kinds: Sequence[Kind]
) -> tuple[Fault, ...]:
    """Return the faults, in the order of their begin.

    No target has two faults at a time, and of two nodes or more one is always without. Every kind
    occurs before any comes again; of the attempts to place them the fullest is taken.

    Args:
        seed: another one, another schedule.
        seconds: how long the faults may go on.
        nodes: how many nodes there are.
        session_timeout: of the nodes, in seconds; some faults outlast it.
        kinds: what may happen.
    """
    generator = random.Random(f"{seed} {seconds} {nodes} {session_timeout}")
    wanted = _how_many(seconds, len(kinds))
    best: list[Fault] = []
    for _ in range(_ATTEMPTS):
        order = _order(generator, kinds, wanted)
        found = _attempt(generator, seconds, nodes, session_timeout, order)
        if len(found) > len(best):
            best = found
        if len(best) == wanted:
            break
    return tuple(sorted(best, key=lambda fault: (fault.at, fault.kind)))


def missing(schedule: Sequence[Fault], kinds: Sequence[Kind]) -> list[Kind]:
    """Return the kinds that have no place in a schedule."""
    present = {fault.kind for fault in schedule}
    return [kind for kind in kinds if kind not in present]


def _how_many(seconds: float, kinds: int) -> int:
    """Return how many faults to place: if there is room for all kinds, each at least once."""
    if not kinds:
        return 0
    room = int(max(0.0, seconds - QUIET_BEGIN - QUIET_END) / EVERY)
    return max(room, kinds) if seconds >= ENOUGH_FOR_ALL else room


def _order(generator: random.Random, kinds: Sequence[Kind], wanted: int) -> list[Kind]:
    order: list[Kind] = []
    while len(order) < wanted:
        order += generator.sample(list(kinds), len(kinds))
    return order[:wanted]


def _attempt(
    generator: random.Random,
    seconds: float,
    nodes: int,
    session_timeout: float,
    order: Sequence[Kind],
) -> list[Fault]:
    """Place the faults one after the other; those that find no room are left out."""
    placed: list[Fault] = []
    gap = (seconds - QUIET_BEGIN - QUIET_END) / max(len(order), 1)
    for number, kind in enumerate(order):
        traits = TRAITS[kind]
        lasts = generator.uniform(traits.least, traits.most) + traits.sessions * session_timeout
        first = QUIET_BEGIN + (number + generator.random()) * gap
        of_a_node = traits.target is Target.NODE
        places = generator.sample(range(nodes), nodes) if of_a_node else [None]
        fault = _place(kind, first, seconds - QUIET_END, lasts, places, placed, nodes)
        if fault is not None:
            placed.append(fault)
    return placed


def _place(
    kind: Kind,
    first: float,
    end: float,
    lasts: float,
    places: Sequence[int | None],
    placed: Sequence[Fault],
    nodes: int,
) -> Fault | None:
    """Find the moment for a fault: the next from `first` on, else one before; None if none."""
    steps = max(0, int((end - lasts - QUIET_BEGIN) / _STEP) + 1)
    moments = [QUIET_BEGIN + step * _STEP for step in range(steps)]
    later = [first, *(at for at in moments if at > first)] if first + lasts <= end else []
    for at in (*later, *(at for at in moments if at < first)):
        for place in places:
            fault = Fault(round(at, 2), kind, place, round(lasts, 2))
            if _fits(fault, placed, nodes):
                return fault
    return None


def _fits(fault: Fault, placed: Sequence[Fault], nodes: int) -> bool:
    for other in placed:
        if other.target == fault.target and fault.at < _free(other) and other.at < _free(fault):
            return False
    if fault.node is None or nodes == 1:
        return True
    ill = {other.node for other in placed if other.node is not None and _overlap(fault, other)}
    return len(ill) < nodes - 1


def _overlap(one: Fault, other: Fault) -> bool:
    """Tell whether two faults last at the same time, or with less than a moment between them."""
    first, second = sorted((one, other), key=lambda fault: fault.at)
    return second.at < first.at + first.lasts + _BREATH


def _free(fault: Fault) -> float:
    return fault.at + fault.lasts + TRAITS[fault.kind].rest
