"""A crowd: a process that holds many connections open and does nothing but answer pings.

It takes its orders from standard input: one line of JSON says whom to connect where, and the end of
the input that it may go. It says a line when all are connected.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import msgspec
import uvloop

from scripts.bench_lib.connection import Address, Refused
from scripts.bench_lib.gathering import Guest, gather
from scripts.bench_lib.limits import raise_limit, sources

_AT_ONCE = 64


class Orders(msgspec.Struct, frozen=True):
    """What a crowd is told.

    Attributes:
        prefix: what its users' names begin with.
        first: how many users other crowds have.
        count: how many users it has.
        nodes: host and port of each node; the users take turns.
    """

    prefix: str
    first: int
    count: int
    nodes: tuple[Address, ...]


class Report(msgspec.Struct, frozen=True):
    """What a crowd tells.

    Attributes:
        connected: how many users are.
        refused: what a node said to one that is not; empty for none.
    """

    connected: int
    refused: str = ""


def _guests(orders: Orders) -> Iterator[Guest]:
    places = sources(orders.first, orders.count)
    for index, source in enumerate(places, orders.first):
        node = orders.nodes[index % len(orders.nodes)]
        yield Guest(f"{orders.prefix}{index}", node, source)


async def _attend(orders: Orders) -> None:
    try:
        gathered = await gather(_guests(orders), _AT_ONCE)
        report = Report(len(gathered.connections))
    except Refused as exc:
        report = Report(0, exc.problem)
    print(msgspec.json.encode(report).decode(), flush=True)
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Do as standard input says."""
    raise_limit()
    uvloop.run(_attend(msgspec.json.decode(sys.stdin.readline(), type=Orders)))


if __name__ == "__main__":
    main()
