"""Waiting for an event, but not longer than so many seconds."""

import asyncio


async def wait_for(event: asyncio.Event, longest: float | None) -> None:
    """Return when the event is set, or after `longest` seconds; None for no limit."""
    try:
        async with asyncio.timeout(longest):
            await event.wait()
    except TimeoutError:
        return
