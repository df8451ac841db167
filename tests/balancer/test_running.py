"""A program runs until it is told to stop, and no longer than what it needs."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from balancer.running import catch_signals, until
from cluster.errors import ServiceUnavailable
from tests.services import eventually


async def test_it_runs_until_it_is_told_to_stop() -> None:
    stopping = asyncio.Event()
    joined = asyncio.Event()

    async def join() -> None:
        joined.set()

    running = asyncio.create_task(until(stopping, join()))
    await joined.wait()
    await asyncio.sleep(0)
    assert not running.done()
    stopping.set()
    await running


async def test_it_ends_with_what_could_not_be_reached() -> None:
    async def join() -> None:
        raise ServiceUnavailable("ZooKeeper", "zk1", "refused")

    with pytest.raises(ServiceUnavailable, match="refused"):
        await until(asyncio.Event(), join())


async def test_what_still_tries_is_given_up_when_it_is_told_to_stop() -> None:
    stopping = asyncio.Event()
    stopping.set()
    joining = asyncio.create_task(asyncio.sleep(600))
    await until(stopping, joining)
    await eventually(joining.cancelled)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_signal_stops(number: signal.Signals) -> None:
    stopping = asyncio.Event()
    catch_signals(stopping)
    try:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stopping.wait(), 10)
    finally:
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(each)
