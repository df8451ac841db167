"""The command `server` as a process of its own, as an operator starts it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

SERVER = Path(sys.executable).with_name("server")
_SERVES = re.compile(r"serves (ws://\S+)")


class ServerProcess:
    """A running `server` and what it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        # What came on standard error so far, line by line.
        self.lines: list[str] = []

    async def says(self, pattern: str, within: float = 20.0) -> re.Match[str]:
        """Read on until a line matches; raises AssertionError with all lines if none does."""
        assert self.process.stderr is not None
        async with asyncio.timeout(within):
            while line := (await self.process.stderr.readline()).decode():
                self.lines.append(line.rstrip("\n"))
                if match := re.search(pattern, line):
                    return match
        raise AssertionError(f"never said {pattern!r}: {self.lines}")

    async def serves(self) -> str:
        """Return the URL when the node serves."""
        return (await self.says(_SERVES.pattern))[1]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def end(self, within: float = 15.0) -> int:
        """Return the exit code; what was said until then is in `lines`."""
        assert self.process.stderr is not None
        async with asyncio.timeout(within):
            rest = (await self.process.stderr.read()).decode()
            self.lines += rest.splitlines()
            return await self.process.wait()

    def records(self) -> list[dict[str, object]]:
        """Return what was said, as JSON."""
        return [json.loads(line) for line in self.lines]


@asynccontextmanager
async def server(*arguments: str, **environment: str) -> AsyncIterator[ServerProcess]:
    """Start `server`; it is killed at the end if it still runs."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
    process = await asyncio.create_subprocess_exec(
        SERVER,
        *arguments,
        env=clean | environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield ServerProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        # The transport closes its pipes in a callback.
        if process.stderr is not None:
            await process.stderr.read()
