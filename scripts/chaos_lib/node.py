"""One node of the cluster under chaos: a process, and forwarders on all sides of it.

Methods that start or end a process block; the others return at once.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.chaos_lib.endpoints import endpoints, led_through
from scripts.chaos_lib.faults import Target
from scripts.stack.errors import StackError
from scripts.stack.forwarder import Forwarder
from scripts.stack.instance import HOST
from scripts.stack.paths import VENV_BIN
from scripts.stack.ports import free_port
from scripts.stack.probe import ask
from scripts.stack.process import Process, launch
from scripts.stack.waiting import wait_until

_READY_WITHIN = 30.0
_OPTIONS = {Target.ZOOKEEPER: "--zk", Target.REDIS: "--redis", Target.RABBITMQ: "--amqp"}


class Program:
    """A process of this project with an HTTP port that says when it is ready."""

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
        answer = ask(HOST, self.health_port, b"GET /readyz HTTP/1.0\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            return None
        told: dict[str, Any] = json.loads(body)
        return told

    def runs(self) -> bool:
        """Tell whether its process is there."""
        return self._process is not None and self._process.alive()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self._process is not None:
            self._process.signal(number)

    def stop(self) -> None:
        """End it as an operator does; insists after some seconds."""
        if self._process is not None:
            self._process.end()

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()


class Node(Program):
    """One node; the same ports for all of its incarnations."""

    def __init__(
        self, index: int, folder: Path, addresses: Mapping[Target, str], options: Sequence[str]
    ) -> None:
        """Set up the forwarders; the process is not started yet.

        Args:
            index: which node, from 0.
            folder: for its log.
            addresses: of the services.
            options: further ones for `server start`.
        """
        self.index = index
        # The incarnation that runs or ran last; empty before the first is ready.
        self.node_id = ""
        port, admin_port = free_port(), free_port()
        # Between it and its clients.
        self.front = Forwarder(HOST, port)
        # Between it and each service, one for each server.
        self.links = {
            target: [Forwarder(*each) for each in endpoints(target, address)]
            for target, address in addresses.items()
        }
        services = [
            word
            for target, links in self.links.items()
            for word in (
                _OPTIONS[target],
                led_through(target, addresses[target], [link.port for link in links]),
            )
        ]
        command = ["server", "start", "--host", HOST, "--port", str(port)]
        command += ["--admin-port", str(admin_port), "--advertise", self.front.address]
        super().__init__(f"node-{index + 1}", folder, admin_port, [*command, *services, *options])

    def wait_ready(self) -> None:
        """Return when it is ready, and its incarnation known; see `Program.wait_ready`."""
        super().wait_ready()
        told = self.health()
        if told is not None:
            self.node_id = told["node"]

    def all_links(self) -> list[Forwarder]:
        """Return the forwarders to all services."""
        return [link for links in self.links.values() for link in links]

    def close(self) -> None:
        """End the process and the forwarders."""
        self.signal(signal.SIGCONT)
        self.kill()
        for each in (self.front, *self.all_links()):
            each.close()


def cut(forwarders: Iterable[Forwarder]) -> None:
    """Reset the connections through these forwarders, and refuse new ones."""
    for each in forwarders:
        each.refuse()
        each.cut()


def silence(forwarders: Iterable[Forwarder]) -> None:
    """Let nothing pass any more; connections stay."""
    for each in forwarders:
        each.blackhole()


def heal(forwarders: Iterable[Forwarder]) -> None:
    """Let everything pass again."""
    for each in forwarders:
        each.heal()
