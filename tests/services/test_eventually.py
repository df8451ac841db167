"""`eventually` returns what was waited for, and says what it got instead."""

from __future__ import annotations

import asyncio
import time

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
