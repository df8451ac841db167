"""How many connections one process may hold, and from which addresses they can come."""

from __future__ import annotations

import math
import resource
from collections.abc import Iterator

_SPARE = 200
"""Files that a process needs beside the connections that are measured."""

_PER_SOURCE = 4_000
"""Connections from one address. Linux has 28,000 ports, and soon looks long for a free one."""


def raise_limit() -> int:
    """Let this process and its children open as many files as they may; return how many."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def connections_each(files: int) -> int:
    """Return how many connections a process holds that may open so many files."""
    return max(1, files - _SPARE)


def shares(total: int, most: int) -> list[int]:
    """Split `total` into the fewest parts of `most` at most that differ by one at most."""
    parts = max(1, math.ceil(total / most))
    return [total // parts + (index < total % parts) for index in range(parts)]


def sources(first: int, count: int) -> Iterator[str]:
    """Yield the loopback address that each of `count` connections comes from.

    Args:
        first: how many connections others have made before.
        count: how many addresses to yield.
    """
    for index in range(first, first + count):
        high, low = divmod(index // _PER_SOURCE, 250)
        # 127.0.0.1 is left to everything else.
        yield f"127.0.{high}.{low + 2}"
