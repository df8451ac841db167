"""The pacer: calls at exact times. The event loop's own timers round to whole milliseconds."""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from collections.abc import Callable, Iterator

_libc = ctypes.CDLL(None, use_errno=True)

# From <time.h> and <sys/timerfd.h>; Python has them from 3.13 on.
_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_NONBLOCKING = os.O_NONBLOCK


class _Spec(ctypes.Structure):
    """`struct itimerspec`: how often, and when first; seconds and nanoseconds."""

    _fields_ = (
        ("every_s", ctypes.c_long),
        ("every_ns", ctypes.c_long),
        ("first_s", ctypes.c_long),
        ("first_ns", ctypes.c_long),
    )


class Pacer:
    """Calls `act` for each entry of a schedule, never before its time."""

    def __init__(
        self, schedule: Iterator[tuple[float, int]], act: Callable[[float, int], None]
    ) -> None:
        """Describe it.

        Args:
            schedule: seconds from the start, growing, and what to hand to `act` with them.
            act: is given the time that was meant, in seconds of `time.perf_counter`, and that.
        """
        self._schedule = schedule
        self._act = act
        self._loop = asyncio.get_running_loop()
        # The kernel's timer; -1 when it is not running.
        self._timer = -1
        # Added to the schedule's times; seconds of `time.perf_counter`.
        self._start = 0.0
        # What comes next.
        self._next = (0.0, 0)
        # How long after its time each wake-up came, in seconds.
        self.late: list[float] = []

    def start(self) -> None:
        """Begin now.

        Raises:
            OSError: the kernel has no timer.
        """
        self._timer = _libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCKING)
        if self._timer < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._start = time.perf_counter()
        self._next = next(self._schedule)
        self._loop.add_reader(self._timer, self._due)
        self._arm()

    def stop(self) -> None:
        """Call no more. Idempotent."""
        if self._timer >= 0:
            self._loop.remove_reader(self._timer)
            os.close(self._timer)
            self._timer = -1

    def _due(self) -> None:
        os.read(self._timer, 8)
        now = time.perf_counter()
        self.late.append(now - self._start - self._next[0])
        while self._start + self._next[0] <= now:
            self._act(self._start + self._next[0], self._next[1])
            self._next = next(self._schedule)
        self._arm()

    def _arm(self) -> None:
        # `time.perf_counter` is CLOCK_MONOTONIC on Linux; a time that is over fires at once.
        at = max(1, round((self._start + self._next[0]) * 1e9))
        spec = _Spec(0, 0, *divmod(at, 1_000_000_000))
        _libc.timerfd_settime(self._timer, _ABSOLUTE, ctypes.byref(spec), None)
