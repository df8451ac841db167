"""The meter: what groups of processes and the machine have used between two moments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from scripts.bench_lib import procfs
from scripts.bench_lib.procfs import ProcessorTimes


@dataclass(frozen=True, slots=True)
class Sample:
    """What had been used at one moment.

    Attributes:
        at: seconds of `time.perf_counter`.
        cpu: seconds of processor time of each group.
        processors: seconds of all processors.
    """

    at: float
    cpu: Mapping[str, float]
    processors: ProcessorTimes


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used between two samples.

    Attributes:
        began: seconds of `time.perf_counter`.
        ended: the same.
        cpu: seconds of processor time of each group.
        others: processors, on average, that worked for processes of no group.
        steal: processors, on average, that the host gave to others while they were wanted here.
    """

    began: float
    ended: float
    cpu: Mapping[str, float]
    others: float
    steal: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began

    @property
    def disturbance(self) -> float:
        """Processors, on average, that something else took."""
        return self.others + self.steal


def between(first: Sample, last: Sample) -> Spent:
    """Return what was used between two samples.

    Ticks of processes and of processors are counted in different ways, so that the rest which is
    others' may seem a little smaller than nothing.
    """
    seconds = last.at - first.at
    cpu = {group: used - first.cpu[group] for group, used in last.cpu.items()}
    busy = last.processors.busy - first.processors.busy
    steal = last.processors.steal - first.processors.steal
    others = max(0.0, busy - sum(cpu.values()))
    return Spent(first.at, last.at, cpu, others / seconds, steal / seconds)


class Meter:
    """Samples groups of processes."""

    def __init__(
        self,
        groups: Mapping[str, Iterable[int]],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Take the groups over.

        Args:
            groups: process ids by the name of their group.
            clock: seconds.
        """
        self.groups = {name: frozenset(pids) for name, pids in groups.items()}
        self._clock = clock

    def sample(self) -> Sample:
        """Return what has been used up to now."""
        cpu = {name: procfs.cpu_seconds(pids) for name, pids in self.groups.items()}
        return Sample(self._clock(), cpu, procfs.processor_times())

    def resident_bytes(self, group: str) -> int:
        """Return the memory of a group that is in RAM."""
        return procfs.resident_bytes(self.groups[group])
