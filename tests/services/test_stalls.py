"""That what the machine takes is not counted, and what is waited for is."""

import asyncio
import time

import pytest

from tests.services import eventually
from tests.services.stalls import Stalls, quicker_than


async def test_a_loop_that_was_kept_from_running_is_spared() -> None:
    async with Stalls() as stalls:
        await asyncio.sleep(0)
        time.sleep(0.2)  # noqa: ASYNC251 - the stall itself
        assert stalls.elapsed < 0.1
        await asyncio.sleep(0.01)
        assert stalls.seconds > 0.1
        assert stalls.elapsed < 0.1


async def test_waiting_counts() -> None:
    async with Stalls() as stalls:
        # A machine that is slow to wake it up has its part of each tick, but not all of it.
        await eventually(lambda: stalls.elapsed > 0.1)


async def test_what_the_loop_takes_itself_counts() -> None:
    async with Stalls() as stalls:
        await asyncio.sleep(0)
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            pass
        assert stalls.elapsed >= 0.2
        await asyncio.sleep(0.01)
        assert stalls.elapsed >= 0.2


async def test_a_bound_is_spared_of_stalls_alone() -> None:
    async with quicker_than(0.1):
        await asyncio.sleep(0)
        time.sleep(0.2)  # noqa: ASYNC251 - the stall itself
    async with Stalls() as stalls:
        with pytest.raises(AssertionError):
            async with quicker_than(0.1):
                await eventually(lambda: stalls.elapsed > 0.3)
