"""What a live screen listens to: `q` and Ctrl-C end it, and that is no failure."""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


async def until_quit(work: Coroutine[Any, Any, None]) -> None:
    """Run something until it ends, or somebody presses `q` or Ctrl-C (or sends SIGINT, SIGTERM)."""
    loop = asyncio.get_running_loop()
    quitting = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, quitting.set)
    task, quit = asyncio.create_task(work), asyncio.create_task(quitting.wait())
    try:
        with _keys(quitting):
            await asyncio.wait([task, quit], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        quit.cancel()
        done = task.done()
        task.cancel()
        await asyncio.wait([task])
    if done:
        task.result()


@contextmanager
def _keys(quitting: asyncio.Event) -> Iterator[None]:
    """Hear single keys while the block runs, if there is a keyboard."""
    if not sys.stdin.isatty():
        yield
        return
    loop, keyboard = asyncio.get_running_loop(), sys.stdin.fileno()

    def pressed() -> None:
        keys = os.read(keyboard, 1024)
        if not keys or b"q" in keys.lower():
            quitting.set()

    before = termios.tcgetattr(keyboard)
    tty.setcbreak(keyboard)
    loop.add_reader(keyboard, pressed)
    try:
        yield
    finally:
        loop.remove_reader(keyboard)
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
