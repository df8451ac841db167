"""Wait in a test for something that has to become true. Never sleeps longer than it must."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

_EVERY = 0.01


@overload
async def eventually(condition: Callable[[], Awaitable[T]], within: float = ...) -> T: ...


@overload
async def eventually(condition: Callable[[], T], within: float = ...) -> T: ...


async def eventually(condition: Callable[[], object], within: float = 5.0) -> object:
    """Poll `condition` until it returns something true, and return that.

    `condition` may be a plain function or a coroutine function. It is asked at least once.

    Raises:
        AssertionError: it was still false after `within` seconds; says what it last returned.
    """
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        value: object = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            name = getattr(condition, "__qualname__", repr(condition))
            raise AssertionError(f"{name} still returned {value!r} after {within:g} s")
        await asyncio.sleep(_EVERY)
