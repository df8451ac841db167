"""A keeper repeats its action when it is to, and nothing that goes wrong ends it."""

import asyncio
import logging

import pytest

from cluster.errors import ServiceUnavailable
from cluster.keeper import Keeper
from tests.services import eventually
from tests.services.stalls import quicker_than


async def test_it_acts_at_once_and_then_when_woken() -> None:
    runs = list[int]()

    async def act() -> float:
        runs.append(len(runs))
        return 60.0

    keeper = Keeper("test", act, rest=0.0)
    keeper.start()
    await eventually(lambda: len(runs) == 1)
    keeper.wake()
    await eventually(lambda: len(runs) == 2)
    await keeper.stop()
    await keeper.stop()


async def test_it_acts_again_after_the_pause() -> None:
    runs = list[int]()

    async def act() -> float:
        runs.append(len(runs))
        return 0.01

    keeper = Keeper("test", act, rest=0.0)
    keeper.start()
    await eventually(lambda: len(runs) >= 5)
    await keeper.stop()


async def test_being_woken_while_it_acts_means_once_more() -> None:
    runs, go = list[int](), asyncio.Event()

    async def act() -> float:
        runs.append(len(runs))
        await go.wait()
        return 60.0

    keeper = Keeper("test", act, rest=0.0)
    keeper.start()
    await eventually(lambda: len(runs) == 1)
    keeper.wake()
    keeper.wake()
    go.set()
    await eventually(lambda: len(runs) == 2)
    await keeper.stop()


async def test_a_storm_of_wakes_is_taken_in_by_few_runs() -> None:
    runs, loop = list[int](), asyncio.get_running_loop()

    async def act() -> float:
        runs.append(len(runs))
        return 60.0

    keeper = Keeper("test", act, rest=0.1)
    keeper.start()
    end, wakes = loop.time() + 0.35, 0
    while loop.time() < end or len(runs) < 2:
        keeper.wake()
        wakes += 1
        await asyncio.sleep(0)
    await keeper.stop()
    assert 2 <= len(runs) <= 5 < wakes


@pytest.mark.parametrize(
    "error", [ServiceUnavailable("ZooKeeper", "here", "no"), ValueError("a mistake")]
)
async def test_it_tries_again_after_a_failure(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    runs = list[int]()

    async def act() -> float:
        runs.append(len(runs))
        if len(runs) < 3:
            raise error
        return 60.0

    keeper = Keeper("the test", act, rest=0.0)
    keeper.start()
    await eventually(lambda: len(runs) == 3)
    await keeper.stop()
    assert "the test" in caplog.text


async def test_an_outage_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    runs = list[int]()

    async def act() -> float:
        runs.append(len(runs))
        raise ServiceUnavailable("ZooKeeper", "here", "no")

    keeper = Keeper("the test", act, rest=0.0)
    keeper.start()
    await eventually(lambda: len(runs) >= 3)
    await keeper.stop()
    assert caplog.text.count("trying again") == 1


async def test_stopping_ends_an_action_that_hangs() -> None:
    started = asyncio.Event()

    async def act() -> float:
        started.set()
        await asyncio.Event().wait()
        return 0.0

    keeper = Keeper("test", act)
    keeper.start()
    await started.wait()
    async with quicker_than(1.0):
        await keeper.stop()
