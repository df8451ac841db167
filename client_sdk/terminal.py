"""Lines from a terminal, a pipe or a file, without blocking the event loop."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable

_CHUNK_BYTES = 65536


async def read_lines(descriptor: int) -> AsyncIterator[str]:
    """Yield the lines that come from a file descriptor, without their ends, until it ends.

    A thread reads, since event loops can't wait for files. It reads the descriptor and not
    `sys.stdin`: a thread that waits inside a buffered reader keeps the interpreter from ending.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def put(line: str | None) -> None:
        try:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        except RuntimeError:
            return  # the loop was closed while this thread waited: nobody listens any more

    threading.Thread(target=_read, args=(descriptor, put), name="lines", daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line


def _read(descriptor: int, put: Callable[[str | None], None]) -> None:
    pending = b""
    try:
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            *whole, pending = (pending + chunk).split(b"\n")
            for line in whole:
                put(line.decode(errors="replace"))
    except OSError:
        pass  # a terminal that has gone away ends like a file
    if pending:
        put(pending.decode(errors="replace"))
    put(None)
