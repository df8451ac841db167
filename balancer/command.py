"""Runs an operator's command, and says in one line what went wrong. It knows no command by name."""

import asyncio
import os
import signal
import tempfile
from contextlib import suppress
from typing import IO

# How much of what a command said last is worth to be told.
_MOST_BYTES = 500


async def run_command(command: str, timeout: float) -> str | None:
    """Run a command by the shell; return None if it succeeded, else why not.

    That no process could be made is a reason as well.

    It has a session of its own, so that a Ctrl-C for this program does not end it halfway. If it
    takes too long, or this call is cancelled, it is killed with all that it has started.

    Args:
        command: as the operator wrote it.
        timeout: seconds that it may take.
    """
    try:
        return await _run(command, timeout)
    except OSError as exc:
        return f"it could not be run: {exc.strerror}"


async def _run(command: str, timeout: float) -> str | None:
    # A file, not a pipe: whatever the command leaves running in the background may keep it open.
    with tempfile.TemporaryFile() as output:
        process = await asyncio.create_subprocess_shell(
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(timeout):
                code = await process.wait()
        except TimeoutError:
            return f"it took more than {timeout:g} s"
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return None if code == 0 else _failure(code, output)


def _failure(code: int, output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _MOST_BYTES))
    lines = output.read().decode(errors="replace").split("\n")
    words = "; ".join(line.strip() for line in lines if line.strip())
    return f"exit code {code}" + (f": {words}" if words else "")
