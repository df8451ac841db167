"""A node or balancer that runs in the background. Knows nothing of what the cluster is."""

from __future__ import annotations

import http.client
import json
import os
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.errors import StackError
from scripts.stack.instance import HOST
from scripts.stack.probe import listens
from scripts.stack.process import Process, launch
from scripts.stack.waiting import wait_until

_READY_WITHIN = 30.0
_END_WITHIN = 15.0


@dataclass(frozen=True)
class Program:
    """One program of the cluster and where it keeps its log and process id."""

    folder: Path
    title: str
    command: list[str]
    port: int
    health_port: int
    """Where /readyz is."""

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / "log"

    @property
    def _state(self) -> Path:
        return self.folder / "process.json"

    def process(self) -> Process | None:
        """Return its process if it was started from here and still runs."""
        if not self._state.exists():
            return None
        process = Process(**json.loads(self._state.read_text()))
        return process if process.alive() else None

    def launch(self) -> None:
        """Start it without waiting for it to be ready.

        Raises:
            StackError: somebody else has one of its ports.
        """
        for port in (self.port, self.health_port):
            if listens(HOST, port):
                cure = "end what listens there, or set IM_NODE_PORT, IM_BALANCER_PORT"
                raise StackError(f"port {port} for {self.title} is taken", cure)
        self.folder.mkdir(parents=True, exist_ok=True)
        process = launch(self.command, self.log, os.environ, self.folder)
        self._state.write_text(json.dumps(vars(process)))

    def ready(self) -> bool:
        """Tell whether it says that it is ready."""
        connection = http.client.HTTPConnection(HOST, self.health_port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_ready(self) -> None:
        """Return when it is ready.

        Raises:
            StackError: it ended, or isn't ready in time; quotes the end of its log.
        """
        wait_until(
            lambda: self.ready() or not self.process(), _READY_WITHIN, f"waiting: {self.title}"
        )
        if not self.ready():
            lines = self.log.read_text(errors="replace").strip().splitlines()
            said = lines[-1] if lines else "it said nothing"
            raise StackError(f"{self.title} isn't ready ({said})", f"see {self.log}")

    def end(self) -> bool:
        """End it and return when it is gone; tell whether there was anything to end."""
        process = self.process()
        if process is not None:
            process.end(_END_WITHIN)
        self._state.unlink(missing_ok=True)
        return process is not None
