"""`eventually` returns what was waited for, and says what it got instead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.services import eventually


async def test_returns_the_first_true_value() -> None:
    values = iter([0, "", 7])
    assert await eventually(lambda: next(values)) == 7


async def test_awaits_a_coroutine_function() -> None:
    async def answer() -> str:
        await asyncio.sleep(0)
        return "yes"

    assert await eventually(answer) == "yes"


async def test_fails_with_the_last_value() -> None:
    def count() -> list[int]:
        return []

    with pytest.raises(AssertionError, match=r"count still returned \[\] after 0.05 s"):
        await eventually(count, within=0.05)


async def test_asks_once_even_without_time() -> None:
    assert await eventually(lambda: True, within=0)


async def test_lets_the_loop_go_on() -> None:
    done: list[float] = []
    asyncio.get_running_loop().call_later(0.05, lambda: done.append(time.monotonic()))
    assert await eventually(lambda: done)


async def late(stall: Callable[[float], None], within: float) -> bool:
    """Wait for what takes a tenth of a second, while something else holds the loop up for three."""
    done: list[bool] = []
    loop = asyncio.get_running_loop()
    loop.call_soon(stall, 0.3)
    loop.call_soon(lambda: loop.call_later(0.1, done.append, True))
    return bool(await eventually(lambda: done, within))


def burn(seconds: float) -> None:
    """Keep the thread busy."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def test_spares_what_the_machine_takes() -> None:
    assert await late(time.sleep, within=0.2)


async def test_does_not_spare_what_the_loop_takes_itself() -> None:
    with pytest.raises(AssertionError):
        await late(burn, within=0.2)
