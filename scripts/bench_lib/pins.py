"""Pins: which processors the parts of a benchmark may use, and who used which before.

The nodes share the first processor; everything else has the others. With a single one nothing is
pinned, and the figures of nodes and generator disturb each other.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from scripts.bench_lib import procfs


class Pins:
    """Pins processes with all of their threads; puts everything back at the end."""

    def __init__(self, available: Iterable[int] | None = None) -> None:
        """Share the processors out.

        Args:
            available: the processors to use; None for all that this process may use.
        """
        cores = sorted(os.sched_getaffinity(0) if available is None else available)
        self._all = frozenset(cores)
        self.for_nodes = frozenset(cores[:1])
        self.for_others = frozenset(cores[1:] or cores)
        # What each thread was allowed before it was pinned.
        self._before: dict[int, set[int]] = {}

    def nodes(self, pids: Iterable[int]) -> None:
        """Pin what is being measured."""
        self._pin(pids, self.for_nodes)

    def others(self, pids: Iterable[int]) -> None:
        """Pin what stands around it: the generator, and the services."""
        self._pin(pids, self.for_others)

    def anywhere(self, pids: Iterable[int]) -> None:
        """Give processes all processors for now: children of a pinned process begin pinned."""
        self._pin(pids, self._all)

    def _pin(self, pids: Iterable[int], cores: frozenset[int]) -> None:
        for thread in (thread for pid in procfs.tree(pids) for thread in procfs.threads(pid)):
            # A thread may end meanwhile, or belong to somebody else.
            with contextlib.suppress(OSError):
                self._before.setdefault(thread, os.sched_getaffinity(thread))
                os.sched_setaffinity(thread, cores)

    def __enter__(self) -> Self:
        """Do nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let every thread use what it was allowed before."""
        for thread, cores in self._before.items():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(thread, cores)
        self._before.clear()
