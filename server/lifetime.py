"""The life of a node as a process: from its start to a signal, or to the end of a drain."""

import asyncio
import gc
import logging
import os
import signal

from cluster.file_limit import raise_file_limit
from server.node import Node
from server.settings import NodeSettings

_log = logging.getLogger(__name__)


async def run(settings: NodeSettings) -> None:
    """Run a node in a process of its own; see `live`."""
    raise_file_limit()
    await live(Node(settings))


async def live(node: Node) -> None:
    """Run a node until a signal, or until it was told to drain and has.

    The first SIGTERM or SIGINT drains and then stops it, or cuts short a drain that is under way.
    A second one ends the process at once.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        _log.info("stopping on %s; again to stop at once", signal.Signals(number).name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    starting = asyncio.create_task(node.start())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
    try:
        if starting.done():
            await starting
            spare_what_stays()
            await _until_the_end(node, stopping)
    finally:
        for task in (starting, stopping):
            task.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)
        await node.stop()


async def _until_the_end(node: Node, stopping: asyncio.Task[bool]) -> None:
    """Return when a node is to stop: drained because of a signal, or because it was told to."""
    ended = asyncio.create_task(node.drain.ended.wait())
    try:
        await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
        within = node.settings.drain_within
        if not ended.done() and within and node.drain.begin(within):
            await ended
    finally:
        ended.cancel()


def spare_what_stays() -> None:
    """Have the garbage collector pass over what exists now: modules, classes, parts of the node.

    It would look at all of it in each full collection, for nothing, and no message moves meanwhile.
    """
    gc.collect()
    gc.freeze()
