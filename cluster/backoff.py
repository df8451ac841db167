"""How long to wait before the next attempt. Pure: randomness comes as an argument."""

import random
from collections.abc import Callable, Iterator


def full_jitter(
    base: float, cap: float, *, uniform: Callable[[float, float], float] = random.uniform
) -> Iterator[float]:
    """Yield waiting times in seconds, each random between 0 and a limit that doubles.

    Full jitter spreads the attempts of many clients evenly over the interval, so that those who
    lost the same server at the same moment do not come back at the same moment.

    Args:
        base: the first limit, in seconds.
        cap: the largest limit, in seconds.
        uniform: returns a number between its two arguments.
    """
    limit = base
    while True:
        yield uniform(0.0, min(limit, cap))
        limit = min(limit * 2, cap)


def equal_jitter(
    base: float, cap: float, *, uniform: Callable[[float, float], float] = random.uniform
) -> Iterator[float]:
    """Yield waiting times in seconds, each random between half of a doubling limit and all of it.

    For a server's own connections to its services: there are few of them, and never waiting less
    than half keeps a service that refuses at once from being asked in a tight loop.
    """
    limit = base
    while True:
        yield uniform(min(limit, cap) / 2, min(limit, cap))
        limit = min(limit * 2, cap)
