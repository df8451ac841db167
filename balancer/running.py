"""How a program runs: until a signal comes, or what it needs was not reached in time."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable

_log = logging.getLogger(__name__)


def catch_signals(stopping: asyncio.Event) -> None:
    """Let the first signal set `stopping`, and any further one end the process."""

    def stop(number: signal.Signals) -> None:
        if stopping.is_set():
            os._exit(128 + number)
        _log.info("%s: stopping", number.name)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)


async def until(stopping: asyncio.Event, joined: Awaitable[None]) -> None:
    """Return when told to stop; raise at once what `joined` raises."""
    told = asyncio.ensure_future(stopping.wait())
    joining = asyncio.ensure_future(joined)
    try:
        await asyncio.wait([told, joining], return_when=asyncio.FIRST_COMPLETED)
        if joining.done():
            joining.result()
        await told
    finally:
        told.cancel()
        joining.cancel()
