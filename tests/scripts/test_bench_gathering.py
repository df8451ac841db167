"""Everybody is connected, a few at a time."""

from __future__ import annotations

import pytest

from scripts.bench_lib.connection import Refused
from scripts.bench_lib.gathering import Guest, gather
from tests.scripts.bench_world import embedded_address


async def test_all_are_connected() -> None:
    async with embedded_address() as address:
        guests = (Guest(f"u{n}", address, "127.0.0.9" if n % 2 else None) for n in range(20))
        gathered = await gather(guests, 3)
        assert sorted(each.user for each in gathered.connections) == sorted(
            f"u{n}" for n in range(20)
        )
        assert len(gathered.seconds) == 20
        assert min(gathered.seconds) > 0
        assert {each.source for each in gathered.connections} == {"127.0.0.1", "127.0.0.9"}
        for each in gathered.connections:
            each.close()


async def test_one_who_is_refused_is_an_error() -> None:
    async with embedded_address() as address:
        with pytest.raises(Refused):
            await gather([Guest("fine", address), Guest("{}", address)], 1)
