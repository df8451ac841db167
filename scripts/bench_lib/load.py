"""The load between pairs of users: connect them, let them write, wait for the rest, add it up."""

from __future__ import annotations

import asyncio
import gc
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle

from scripts.bench_lib.connection import Address, Connection, open_connection
from scripts.bench_lib.meter import Meter, Spent, between
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.pacer import Pacer
from scripts.bench_lib.pair import Pair
from scripts.bench_lib.percentiles import percentile
from scripts.bench_lib.schedule import open_loop

ACK_INTERVAL = 0.2
"""Seconds between two acknowledgements of a recipient, as in the SDK."""

_ACK_SLICES = 10
"""So many groups of recipients take turns within the interval."""

_CONNECTS_AT_ONCE = 32

# Seconds in which something has to come for the wait to go on, and after which it ends anyhow.
_PATIENCE = 3.0
_DRAIN_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class Load:
    """What pairs do.

    Attributes:
        name: how tables call it.
        window: messages in flight of each pair (closed loop); 0 for an open loop.
        rate: messages a second of all pairs together (open loop); 0 for a closed loop.
    """

    name: str
    window: int = 0
    rate: float = 0.0


def closed(window: int) -> Load:
    """Return a closed loop: the next message goes when one has arrived."""
    return Load(f"{window} in flight", window=window)


def at_rate(rate: float) -> Load:
    """Return an open loop: messages go at their times, whatever has arrived."""
    return Load(f"{rate:,.0f} msg/s", rate=rate)


@dataclass(frozen=True, slots=True)
class Times:
    """How long a run takes, in seconds.

    Attributes:
        warm: what goes before, and does not count.
        seconds: what counts.
    """

    warm: float
    seconds: float


async def run_load(pairs: Sequence[Pair], load: Load, times: Times, meter: Meter) -> Outcome:
    """Let connected pairs write to each other, and return what that cost."""
    pacer = _start(pairs, load)
    acks = asyncio.create_task(_acknowledge(pairs))
    with no_collections():
        await asyncio.sleep(times.warm)
        before = meter.sample()
        await asyncio.sleep(times.seconds)
        spent = between(before, meter.sample())
    if pacer is not None:
        pacer.stop()
    for pair in pairs:
        pair.window = 0
    await drain(pairs)
    acks.cancel()
    complaints = tuple(sorted({text for pair in pairs for text in pair.complaints()}))
    figures = figures_of(pairs, spent, open_loop=pacer is not None)
    late = math.nan if pacer is None else percentile(sorted(pacer.late), 0.99) * 1e3
    return Outcome({**figures, "late_ms": late}, spent.others, spent.steal, complaints)


def figures_of(pairs: Sequence[Pair], spent: Spent, *, open_loop: bool) -> dict[str, float]:
    """Add up what pairs have seen.

    A message counts for rate and cost if it arrived while the meter ran; for latencies of an open
    loop if it was meant to be sent then, so that those that came late are not left out.
    """
    arrived = sum(spent.began <= at < spent.ended for pair in pairs for at in pair.delivered.times)
    latencies = sorted(
        came - sent
        for pair in pairs
        for sent, came in zip(pair.sent, pair.delivered.times, strict=False)
        if spent.began <= (sent if open_loop else came) < spent.ended
    )
    return {
        "rate": arrived / spent.seconds,
        **costs(spent, arrived),
        "p50_ms": percentile(latencies, 0.5) * 1e3,
        "p99_ms": percentile(latencies, 0.99) * 1e3,
        **faults(pairs),
        "generator_share": spent.cpu.get("generator", math.nan) / spent.seconds,
    }


def costs(spent: Spent, count: int) -> dict[str, float]:
    """Return the µs of processor time of each group for each of `count` things done."""
    return {
        f"{group}_us": seconds * 1e6 / count if count else math.nan
        for group, seconds in spent.cpu.items()
        if group != "generator"
    }


def faults(pairs: Sequence[Pair]) -> dict[str, float]:
    """Count what should not have happened."""
    streams = [stream for pair in pairs for stream in (pair.delivered, pair.confirmed)]
    return {
        "lost": sum(pair.missing() for pair in pairs),
        "doubled": sum(stream.doubled for stream in streams),
        "disordered": sum(stream.disordered for stream in streams),
        "unconfirmed": sum(pair.unconfirmed() for pair in pairs),
    }


async def connect_pairs(pairs: Sequence[Pair], nodes: Sequence[Address]) -> None:
    """Connect pairs: the sender of each to one node, the recipient to the next.

    Raises:
        Refused: a node does not accept a user, or can't be reached.
    """
    slots = asyncio.Semaphore(_CONNECTS_AT_ONCE)

    async def connect(pair: Pair, index: int) -> None:
        sender, recipient = Connection(pair.sender_name), Connection(pair.recipient_name)
        async with slots:
            await open_connection(recipient, nodes[(index + 1) % len(nodes)])
            await open_connection(sender, nodes[index % len(nodes)])
        pair.connect(sender, recipient)

    await asyncio.gather(*(connect(pair, index) for index, pair in enumerate(pairs)))


def _start(pairs: Sequence[Pair], load: Load) -> Pacer | None:
    """Begin to send; return what paces an open loop."""
    if load.window:
        for pair in pairs:
            pair.start(load.window)
        return None
    # The same phases in every run, so that runs can be compared.
    schedule = open_loop(len(pairs), load.rate, random.Random(1))
    pacer = Pacer(schedule, lambda at, index: pairs[index].send(1, at))
    pacer.start()
    return pacer


async def _acknowledge(pairs: Sequence[Pair]) -> None:
    """Have all recipients acknowledge once in an interval, some at a time."""
    for turn in cycle(range(_ACK_SLICES)):
        for pair in pairs[turn::_ACK_SLICES]:
            pair.acknowledge()
        await asyncio.sleep(ACK_INTERVAL / _ACK_SLICES)


async def drain(pairs: Sequence[Pair]) -> None:
    """Wait until everything has come, or nothing comes any more."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _DRAIN_WITHIN
    seen, deadline = -1, 0.0
    while not all(pair.complete() for pair in pairs) and loop.time() < end:
        progress = sum(pair.progress() for pair in pairs)
        if progress > seen:
            seen, deadline = progress, loop.time() + _PATIENCE
        elif loop.time() > deadline:
            break
        await asyncio.sleep(0.02)


@contextmanager
def no_collections() -> Iterator[None]:
    """Keep the garbage collector from stopping the generator while it measures."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
