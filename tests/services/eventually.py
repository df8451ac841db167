"""Wait in a test for something that has to become true. Never sleeps longer than it must."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

from tests.services.stalls import pause

T = TypeVar("T")

_EVERY = 0.01


@overload
async def eventually(condition: Callable[[], Awaitable[T]], within: float = ...) -> T: ...


@overload
async def eventually(condition: Callable[[], T], within: float = ...) -> T: ...


async def eventually(condition: Callable[[], object], within: float = 10.0) -> object:
    """Poll `condition` until it returns something true, and return that.

    Args:
        condition: a plain function or a coroutine function. It is asked at least once.
        within: seconds, without those in which the machine kept this thread from running. The
            default is what nothing should take; name one where the time is what is tested.

    Raises:
        AssertionError: it was still false then; says what it last returned.
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
        deadline += await pause(_EVERY)
