"""When an open loop sends: at a fixed rate, whether the answers come or not. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator


def open_loop(pairs: int, rate: float, chance: random.Random) -> Iterator[tuple[float, int]]:
    """Yield without end when which pair sends: seconds from the start, growing, and its index.

    Every pair has the same period and a phase of its own at random, so that pairs are independent
    of each other and the total is even in the long run only, as with real users.

    Args:
        pairs: how many pairs there are.
        rate: messages a second of all pairs together.
        chance: where the phases come from.
    """
    period = pairs / rate
    order = sorted((chance.random() * period, index) for index in range(pairs))
    turn = 0
    while True:
        for phase, index in order:
            yield turn * period + phase, index
        turn += 1
