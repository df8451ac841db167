"""Loads on a real node: the figures agree with what was done."""

from __future__ import annotations

import inspect
import math
import os

import pytest

from client_sdk.acks import Acks
from scripts.bench_lib.load import (
    ACK_INTERVAL,
    Load,
    Times,
    at_rate,
    closed,
    connect_pairs,
    figures_of,
    run_load,
)
from scripts.bench_lib.meter import Meter, Spent
from scripts.bench_lib.pair import ACK_EVERY, Pair
from tests.scripts.bench_world import embedded_address

# Processor time is told in steps of 10 ms: the node has a good many of them to spend.
TIMES = Times(warm=0.1, seconds=1.5)


async def figures(load: Load) -> dict[str, float]:
    async with embedded_address() as address:
        pairs = [Pair(f"p{number}", 100) for number in range(4)]
        await connect_pairs(pairs, [address])
        outcome = await run_load(pairs, load, TIMES, Meter({"nodes": [os.getpid()]}))
        assert outcome.complaints == ()
        assert all(pair.complete() for pair in pairs)
        return dict(outcome.figures)


@pytest.mark.parametrize("load", [closed(2), at_rate(500.0)])
async def test_nothing_is_lost_and_everything_is_counted(load: Load) -> None:
    found = await figures(load)
    assert {name: found[name] for name in ("lost", "doubled", "disordered", "unconfirmed")} == {
        "lost": 0,
        "doubled": 0,
        "disordered": 0,
        "unconfirmed": 0,
    }
    assert found["rate"] > 0
    # This process is the node: it can't have used more than one processor and a bit.
    assert 0 < found["nodes_us"] * found["rate"] < 1.5e6
    assert 0 < found["p50_ms"] <= found["p99_ms"]
    assert math.isnan(found["late_ms"]) == (load.rate == 0)


def test_the_window_decides_what_counts() -> None:
    pair = Pair("p", 1)
    # The second came late, the fourth was sent after the end, the fifth never came.
    pair.sent = [0.5, 1.0, 1.5, 2.5, 1.9]
    for number, at in enumerate([0.9, 2.25, 1.6, 2.6], 1):
        pair.delivered.take(number, at)
    spent = Spent(1.0, 2.0, {"nodes": 0.5, "generator": 0.1}, 0.0, 0.0)
    found = figures_of([pair], spent, open_loop=True)
    assert found["rate"] == 1
    assert found["nodes_us"] == pytest.approx(500_000)
    assert found["p50_ms"] == pytest.approx(100)
    assert found["p99_ms"] == pytest.approx(1250)
    assert found["lost"] == 1
    assert found["unconfirmed"] == 5
    assert found["generator_share"] == pytest.approx(0.1)
    assert "generator_us" not in found
    assert figures_of([pair], spent, open_loop=False)["p99_ms"] == pytest.approx(100)


def test_without_messages_there_is_no_cost() -> None:
    spent = Spent(1.0, 2.0, {"nodes": 0.5}, 0.0, 0.0)
    assert math.isnan(figures_of([Pair("p", 1)], spent, open_loop=True)["nodes_us"])


def test_acknowledgements_are_those_of_the_sdk() -> None:
    defaults = inspect.signature(Acks).parameters
    assert (ACK_EVERY, ACK_INTERVAL) == (defaults["every"].default, defaults["interval"].default)
