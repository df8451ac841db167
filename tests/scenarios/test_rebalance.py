"""A node joins and fills up at the cost of the crowded; it dies, and they take its clients."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable

import pytest

from client_sdk import Happening
from server.rebalance import SHOWS_AFTER
from tests.scenarios.conftest import StartNode
from tests.scenarios.load import Happened, Load, Verdict, figures, flowing
from tests.scenarios.watching import metric, readiness
from tests.services import eventually

FLOWS = 500
CLIENTS = 2 * FLOWS
RATE = 100.0

# Issue 4, acceptance 3.
OFF = 0.15
EVEN_WITHIN = 60.0
SPREAD_WITHIN = 10.0
BURST = 200

# Seconds without a move after which a node has ended to shed.
QUIET = SHOWS_AFTER + 2.0


def places(load: Load) -> Counter[str]:
    """Return how many clients are on each node; under an empty url those that are on none."""
    return Counter(c.url for flow in load.flows for c in (flow.sender, flow.recipient))


def is_even(load: Load, urls: Iterable[str]) -> bool:
    """Tell whether all clients are on these nodes, about as many on each."""
    counts, urls = places(load), list(urls)
    mean = CLIENTS / len(urls)
    off = [abs(counts[url] - mean) for url in urls]
    return sum(counts[url] for url in urls) == CLIENTS and max(off) <= OFF * mean


def log_of(load: Load, what: Happening) -> list[Happened]:
    """Return what has happened to any client, in order."""
    return sorted(h for flow in load.flows for h in flow.log if h.event.what is what)


def most_in_a_second(moments: list[float]) -> int:
    """Return how many of these ascending times lie within one second, at most."""
    most = first = 0
    for number, moment in enumerate(moments):
        while moment - moments[first] > 1.0:
            first += 1
        most = max(most, number - first + 1)
    return most


def connects(load: Load, since: float) -> dict[str, int]:
    """Return the largest number of connects to each node in any one second."""
    moments: dict[str, list[float]] = {}
    for moment, _, event in log_of(load, Happening.CONNECTED):
        if moment >= since:
            moments.setdefault(event.url, []).append(moment)
    return {url: most_in_a_second(each) for url, each in moments.items()}


def rested(load: Load) -> float:
    """Return the seconds since a client was told to move."""
    return time.monotonic() - log_of(load, Happening.MOVING)[-1].moment


def moves_of_each(load: Load) -> Counter[str]:
    """Return how often each client was told to move, of those that were."""
    return Counter(user for _, user, _ in log_of(load, Happening.MOVING))


@pytest.mark.timeout(300)
async def test_a_node_joins_and_dies_under_a_thousand_clients(start_node: StartNode) -> None:
    first, second = await asyncio.gather(start_node(), start_node())
    old = [first.url, second.url]
    address = ",".join(old)
    async with flowing([(address, address)] * FLOWS, rate=RATE) as load:
        assert is_even(load, old)

        third = await start_node()
        began = time.monotonic()
        await eventually(lambda: is_even(load, [*old, third.url]), within=EVEN_WITHIN)
        even_after = time.monotonic() - began
        arrivals = connects(load, began)
        # It goes on to its end, and then nothing moves any more.
        await eventually(lambda: rested(load) > QUIET, within=EVEN_WITHIN)
        assert places(load)[third.url] >= 0.9 * CLIENTS / 3
        moves = moves_of_each(load)
        assert max(moves.values()) == 1
        told = [await metric(node, "moved_total", "rebalance") for node in (first, second, third)]
        assert sum(told) == len(moves)
        assert told[2] == 0

        killed = time.monotonic()
        await third.kill()
        await eventually(lambda: is_even(load, old), within=SPREAD_WITHIN)
        spread_after = time.monotonic() - killed
        bursts = connects(load, killed)
        assert max(bursts.values()) <= BURST, bursts
        await load.run(15.0)  # by now the registry has noticed, and every node has been patient
        assert moves_of_each(load) == moves
        await load.finish()
        counts = [(await readiness(node))["channels"] for node in (first, second)]
        assert sum(counts) == CLIENTS
        verdict = load.judge()
    figures(
        even_after=round(even_after, 1),
        moves=len(moves),
        most_arrivals_a_second=arrivals[third.url],
        spread_after=round(spread_after, 2),
        most_connects_a_second=sorted(bursts.values()),
        messages=load.confirmed,
    )
    assert verdict == Verdict()
