"""Connects many users, some at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

from scripts.bench_lib.connection import Address, Connection, open_connection


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody to be connected.

    Attributes:
        user: the name.
        node: where.
        source: the address of this machine to connect from; None to let the kernel choose.
    """

    user: str
    node: Address
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """Those who are connected.

    Attributes:
        connections: in the order in which they were.
        seconds: how long each took.
    """

    connections: list[Connection]
    seconds: list[float]


async def gather(guests: Iterable[Guest], at_once: int) -> Gathered:
    """Connect users; return when all are.

    Raises:
        Refused: somebody can't be connected.
    """
    gathered = Gathered([], [])
    waiting = iter(guests)

    async def usher() -> None:
        for guest in waiting:
            connection = Connection(guest.user)
            began = time.perf_counter()
            await open_connection(connection, guest.node, guest.source)
            gathered.seconds.append(time.perf_counter() - began)
            gathered.connections.append(connection)

    await asyncio.gather(*(usher() for _ in range(at_once)))
    return gathered
