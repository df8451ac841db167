"""Wait for something to become true. Knows nothing about what it is."""

from __future__ import annotations

import time
from collections.abc import Callable

from scripts.stack.say import say


def wait_until(condition: Callable[[], bool], within: float, progress: str | None = None) -> bool:
    """Poll `condition` until it holds; return False after `within` seconds.

    `progress` is printed every 5 s with the seconds gone, None prints nothing.
    """
    began = time.monotonic()
    next_line = began + 5
    while not condition():
        now = time.monotonic()
        if now - began > within:
            return False
        if progress is not None and now > next_line:
            say(f"  {progress} ({now - began:.0f} s)")
            next_line += 5
        time.sleep(0.05)
    return True
