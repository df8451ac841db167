"""That what the machine takes is not counted, and what is waited for is."""

import asyncio
import time

from tests.services.stalls import Stalls


async def test_a_loop_that_was_kept_from_running_is_spared() -> None:
    async with Stalls() as stalls:
        await asyncio.sleep(0)
        time.sleep(0.2)  # noqa: ASYNC251 - the stall itself
        await asyncio.sleep(0.01)
        assert stalls.elapsed < 0.1


async def test_waiting_counts() -> None:
    async with Stalls() as stalls:
        await asyncio.sleep(0.1)
        assert stalls.elapsed > 0.05
