"""The benchmark `replay`: users come back for whom many messages wait."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from itertools import count

import uvloop

from scripts.bench_lib.connection import Address, Connection, open_connection
from scripts.bench_lib.load import connect_pairs, costs, drain, faults, no_collections
from scripts.bench_lib.meter import Meter, Spent, between
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.pair import Pair
from scripts.bench_lib.row import Row
from scripts.bench_lib.stage import Case, Stage
from scripts.stack.errors import StackError

_RUNS = count(1)

_AT_ONCE = 256
"""Messages that are on their way to an inbox at the same time; a node takes twice as many."""

# Seconds in which the inboxes have to be full.
_FILL_WITHIN = 120.0


def replay(stage: Stage) -> list[Row]:
    """Measure how fast users get what has waited for them."""
    options = stage.options
    # An inbox is kept to this size: one that is too small would lose what is to be measured.
    stage.world.start_nodes(1, "--inbox-max", str(options.waiting))
    name = f"{options.users} users, {options.waiting:,} messages each"
    axes = {"waiting": options.waiting, "users": options.users}
    return stage.play("replay", [Case(name, axes, lambda: uvloop.run(_run(stage)))])


async def _run(stage: Stage) -> Outcome:
    options = stage.options
    prefix = f"w{next(_RUNS)}u"
    pairs = [Pair(f"{prefix}{n}", options.body_bytes) for n in range(options.users)]
    nodes = stage.world.node_addresses()
    await connect_pairs(pairs, nodes)
    await asyncio.gather(*(_fill(pair, options.waiting) for pair in pairs))
    meter = stage.world.meter()
    with no_collections():
        seconds, spent = await _return_all(pairs, nodes[0], meter)
    for pair in pairs:
        pair.close()
    return _outcome(pairs, seconds, spent)


async def _fill(pair: Pair, waiting: int) -> None:
    """Have the recipient leave, and messages wait for it.

    Raises:
        StackError: the node does not store them.
    """
    pair.leave()
    end = time.perf_counter() + _FILL_WITHIN
    while len(pair.sent) < waiting:
        pair.send(min(_AT_ONCE, waiting - len(pair.sent)))
        while pair.unconfirmed():
            if time.perf_counter() > end:
                raise StackError("the inboxes don't fill", "see the node's log")
            await asyncio.sleep(0.002)


async def _return_all(pairs: Sequence[Pair], address: Address, meter: Meter) -> tuple[float, Spent]:
    """Have one recipient after the other come back; return the seconds that it took them."""
    first = meter.sample()
    seconds = 0.0
    for pair in pairs:
        began = time.perf_counter()
        connection = Connection(pair.recipient_name)
        pair.come_back(connection)
        await open_connection(connection, address)
        await drain([pair])
        arrived = pair.delivered.times
        seconds += arrived[-1] - began if arrived else math.nan
    return seconds, between(first, meter.sample())


def _outcome(pairs: Sequence[Pair], seconds: float, spent: Spent) -> Outcome:
    arrived = sum(len(pair.delivered.times) for pair in pairs)
    figures = {
        "rate": arrived / seconds,
        **costs(spent, arrived),
        **faults(pairs),
        "generator_share": spent.cpu.get("generator", math.nan) / spent.seconds,
    }
    complaints = tuple(text for pair in pairs for text in pair.complaints())
    return Outcome(figures, spent.others, spent.steal, complaints)
