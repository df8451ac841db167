"""Ways of running things beside each other, and of waiting, that leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")

_POLL = 0.1


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something beside the block and cancel it at its end; its own error is raised."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def thoroughly(work: Awaitable[T]) -> T:
    """Wait for something that must not be left halfway: a cancellation is raised at its end."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def until(condition: Callable[[], bool], within: float) -> bool:
    """Return whether a condition holds within so many seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while not (holds := condition()):
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(_POLL)
    return holds
