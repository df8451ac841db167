"""JSON that is nested more deeply than the stack leaves room for.

Python's recursion limit counts the frames of the callers, too. A node reads messages near the
bottom of its stack, so it takes some that an application, further up on its own, can't read there.
They must not keep it from those behind them.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def on_fresh_stack(read: Callable[[], T]) -> T:
    """Return or raise what a function does, in a thread with a stack of its own."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(read).result()
