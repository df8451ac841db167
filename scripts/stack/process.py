"""A process that outlives the script which started it. Never touches one it didn't start.

A process id alone is not enough to know one's own process again, since ids are reused: the moment
of its start is kept beside it, and both must match.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.waiting import wait_until


@dataclass(frozen=True)
class Process:
    """One process, leader of its own group, so that its children go with it."""

    pid: int
    born: str

    def alive(self) -> bool:
        """Tell whether it still runs; a zombie doesn't."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return _birth(self.pid) == self.born

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group; nothing happens when it is gone."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def end(self, within: float = 15.0) -> None:
        """Ask it to stop, insist after `within` seconds, return when it is gone. Idempotent."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if not wait_until(lambda: not self.alive(), within):
            self.kill()

    def kill(self) -> None:
        """End it without a chance to clean up; return when it is gone. Idempotent."""
        self.signal(signal.SIGKILL)
        wait_until(lambda: not self.alive(), 10.0)


def launch(command: Sequence[str], log: Path, environ: Mapping[str, str], folder: Path) -> Process:
    """Start `command` detached from the terminal, its output appended to `log`.

    Raises OSError when the command doesn't exist.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environ),
            start_new_session=True,
        )
    process = Process(child.pid, _birth(child.pid) or "gone")
    # Popen warns when it is collected while its child lives; outliving is the purpose here.
    child.returncode = 0
    return process


def _birth(pid: int) -> str | None:
    """Return what tells this process from a later one with the same id; None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _birth_by_ps(pid)
    except ProcessLookupError:
        return None
    # The name in parentheses may hold anything; the fields after it start with the state.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _birth_by_ps(pid: int) -> str | None:
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or None
