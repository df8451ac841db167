"""The pacer keeps to its schedule: nothing too early, nothing left out."""

from __future__ import annotations

import time
from itertools import count

import pytest

from scripts.bench_lib.pacer import Pacer
from tests.services import eventually


async def test_everything_is_done_in_order_and_never_early() -> None:
    done: list[tuple[float, int, float]] = []
    schedule = ((number * 0.0007, number) for number in count())
    pacer = Pacer(schedule, lambda at, number: done.append((at, number, time.perf_counter())))
    began = time.perf_counter()
    pacer.start()
    await eventually(lambda: len(done) >= 100)
    pacer.stop()
    pacer.stop()
    assert [number for _, number, _ in done] == list(range(len(done)))
    assert all(at <= now for at, _, now in done)
    assert done[-1][0] - done[0][0] == pytest.approx((len(done) - 1) * 0.0007)
    assert done[0][0] >= began
    assert len(pacer.late) <= len(done)
    assert min(pacer.late) >= 0


async def test_what_is_over_is_made_up_for_at_once() -> None:
    done: list[int] = []
    pacer = Pacer(((number * 1e-6, number) for number in count()), lambda _, n: done.append(n))
    pacer.start()
    began = time.perf_counter()
    while time.perf_counter() < began + 0.01:
        pass
    await eventually(lambda: len(done) >= 10_000)
    pacer.stop()
