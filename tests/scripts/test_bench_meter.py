"""The meter tells its groups from everybody else."""

from __future__ import annotations

import os
import time

import pytest

from scripts.bench_lib.meter import Meter, Sample, between
from scripts.bench_lib.procfs import ProcessorTimes


def test_what_no_group_used_is_others() -> None:
    first = Sample(10.0, {"nodes": 1.0, "redis": 5.0}, ProcessorTimes(100.0, 7.0))
    last = Sample(14.0, {"nodes": 3.0, "redis": 5.5}, ProcessorTimes(104.5, 8.0))
    spent = between(first, last)
    assert spent.seconds == 4.0
    assert spent.cpu == {"nodes": 2.0, "redis": 0.5}
    assert spent.others == pytest.approx(0.5)
    assert spent.steal == pytest.approx(0.25)
    assert spent.disturbance == pytest.approx(0.75)


def test_others_never_use_less_than_nothing() -> None:
    first = Sample(0.0, {"nodes": 0.0}, ProcessorTimes(0.0, 0.0))
    assert between(first, Sample(1.0, {"nodes": 1.0}, ProcessorTimes(0.9, 0.0))).others == 0.0


def test_groups_are_sampled() -> None:
    meter = Meter({"me": [os.getpid()], "nobody": []})
    first = meter.sample()
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    spent = between(first, meter.sample())
    assert spent.cpu["me"] > 0.1
    assert spent.cpu["nobody"] == 0
    assert meter.resident_bytes("me") > 1_000_000
