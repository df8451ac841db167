"""What runs beside ends with its block, and what must not be left halfway isn't."""

from __future__ import annotations

import asyncio

import pytest

from scripts.trial_lib.running import beside, thoroughly, until
from tests.services import eventually


async def test_what_runs_beside_ends_with_the_block() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with beside(work()):
        await begun.wait()
        assert not ended.is_set()
    assert ended.is_set()


async def test_its_error_is_raised() -> None:
    async def work() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - its own, bare one
        async with beside(work()):
            await asyncio.sleep(0)


async def test_thorough_work_is_finished_before_a_cancellation_is_raised() -> None:
    go, steps = asyncio.Event(), []

    async def work() -> str:
        steps.append("begun")
        await go.wait()
        steps.append("done")
        return "result"

    task = asyncio.create_task(thoroughly(work()))
    await eventually(lambda: steps == ["begun"])
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps == ["begun", "done"]
    assert await thoroughly(work()) == "result"


async def test_until_says_whether_it_holds() -> None:
    assert await until(lambda: True, 0.0)
    assert not await until(lambda: False, 0.0)
