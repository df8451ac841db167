"""One running copy of a service: a folder, a port and its processes.

The folder holds everything: configuration, data, log and the process ids, so that a later run of a
script finds what an earlier one started. It never ends a process that isn't written there.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from scripts.stack.errors import StackError
from scripts.stack.process import Process, launch
from scripts.stack.service import Service
from scripts.stack.waiting import wait_until

HOST = "127.0.0.1"
_READY_WITHIN = 90.0


class Instance:
    """A service that this project runs; one folder and port for its whole life."""

    def __init__(self, service: Service, folder: Path, port: int) -> None:
        self.service = service
        self.folder = folder
        self.port = port

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / "log"

    @property
    def _state(self) -> Path:
        return self.folder / "processes.json"

    def processes(self) -> list[Process]:
        """Return those of its processes that still run, in the order of their start."""
        if not self._state.exists():
            return []
        kept = [Process(**entry) for entry in json.loads(self._state.read_text())]
        return [process for process in kept if process.alive()]

    def version(self) -> str | None:
        """Return the version it answers with; None while it doesn't."""
        return self.service.version(HOST, self.port)

    def launch(self) -> None:
        """Start its processes without waiting for them to be ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        started: list[Process] = []
        for step in self.service.prepare(self.folder, self.port):
            environ = {**os.environ, **step.environ}
            started.append(launch(step.command, self.log, environ, self.folder))
            self._state.write_text(json.dumps([vars(process) for process in started]))

    def wait_ready(self, within: float = _READY_WITHIN, progress: str | None = None) -> None:
        """Return when it answers.

        Raises:
            StackError: it ended, or said nothing in time; names the log.
        """
        wait_until(lambda: bool(self.version()) or not self._whole(), within, progress)
        if not self.version():
            title = self.service.title
            raise StackError(f"{title} didn't start on port {self.port}", f"see {self.log}")

    def _whole(self) -> bool:
        return len(self.processes()) == len(json.loads(self._state.read_text()))

    def start(self) -> None:
        """Start it and return when it answers."""
        self.launch()
        self.wait_ready()

    def stop(self) -> None:
        """End it in order and return when all of its processes are gone. Idempotent."""
        self._end_all(Process.end)

    def kill(self) -> None:
        """End it as a power cut would and return when it is gone. Idempotent."""
        self._end_all(Process.kill)

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""
        for process in self.processes():
            process.signal(signal.SIGSTOP)

    def unpause(self) -> None:
        """Let it go on."""
        for process in self.processes():
            process.signal(signal.SIGCONT)

    def _end_all(self, end: Callable[[Process], None]) -> None:
        # The last one started depends on the earlier ones.
        for process in reversed(self.processes()):
            end(process)
        self._state.unlink(missing_ok=True)
