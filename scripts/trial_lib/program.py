"""A process of this project with an HTTP port that says when it is ready.

Methods that start or end it block; the others return at once.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.stack.errors import StackError
from scripts.stack.instance import HOST
from scripts.stack.paths import VENV_BIN
from scripts.stack.probe import ask
from scripts.stack.process import Process, launch
from scripts.stack.waiting import wait_until

_READY_WITHIN = 30.0


class Program:
    """One such process, and those that follow it on the same ports."""

    def __init__(self, name: str, folder: Path, health_port: int, command: Sequence[str]) -> None:
        self.name = name
        self.health_port = health_port
        self.log = folder / f"{name}.log"
        self._folder = folder
        self.command = [str(VENV_BIN / command[0]), *command[1:]]
        # The process that was started last; None before the first.
        self._process: Process | None = None

    def launch(self) -> None:
        """Start it without waiting."""
        self._process = launch(self.command, self.log, os.environ, self._folder)

    def start(self) -> None:
        """Start it and return when it is ready.

        Raises:
            StackError: it isn't in time, or has ended.
        """
        self.launch()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Return when it is ready.

        Raises:
            StackError: it isn't in time, or has ended.
        """
        wait_until(lambda: self.is_ready() or not self.runs(), _READY_WITHIN)
        if not self.is_ready():
            raise StackError(f"{self.name} isn't ready in {_READY_WITHIN:g} s", f"see {self.log}")

    def is_ready(self) -> bool:
        """Tell whether /readyz says so."""
        return self.health() is not None

    def health(self) -> dict[str, Any] | None:
        """Return what /readyz tells; None unless it is ready."""
        return self.get("/readyz")

    def get(self, path: str) -> dict[str, Any] | None:
        """Return what stands at a path of the HTTP port; None unless the answer is a 200."""
        answer = ask(HOST, self.health_port, f"GET {path} HTTP/1.0\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            return None
        told: dict[str, Any] = json.loads(body)
        return told

    @property
    def pid(self) -> int:
        """The process that was started last; 0 before the first."""
        return 0 if self._process is None else self._process.pid

    def runs(self) -> bool:
        """Tell whether its process is there."""
        return self._process is not None and self._process.alive()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self._process is not None:
            self._process.signal(number)

    def stop(self, within: float = 15.0) -> None:
        """End it as an operator does; insists after so many seconds."""
        if self._process is not None:
            self._process.end(within)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()


class NodeProgram(Program):
    """One node; the same ports for all of its incarnations."""

    def __init__(self, name: str, folder: Path, health_port: int, command: Sequence[str]) -> None:
        super().__init__(name, folder, health_port, command)
        # The incarnation that runs or ran last; empty before the first is ready.
        self.node_id = ""

    def wait_ready(self) -> None:
        """Return when it is ready, and its incarnation known; see `Program.wait_ready`."""
        super().wait_ready()
        told = self.health()
        if told is not None:
            self.node_id = told["node"]
