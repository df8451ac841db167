"""The world of a benchmark: services, and the nodes that are measured. Every method blocks."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.bench_lib import procfs
from scripts.bench_lib.meter import Meter
from scripts.bench_lib.pins import Pins
from scripts.stack.errors import StackError
from scripts.stack.instance import HOST
from scripts.stack.ports import free_port
from scripts.stack.probe import listens
from scripts.trial_lib.endpoints import endpoints
from scripts.trial_lib.own_services import OwnServices
from scripts.trial_lib.program import Program
from scripts.trial_lib.target import SERVICES, Target
from scripts.trial_lib.traces import remove_traces

Say = Callable[[str], None]

_OPTIONS = {Target.ZOOKEEPER: "--zk", Target.REDIS: "--redis", Target.RABBITMQ: "--amqp"}

# Redis's own default, and that of Debian's package.
_FSYNC = "everysec"

# A node that gets no processor for a while because sixteen share one has not died.
_SESSION_TIMEOUT = 30


class NodeProcess(Program):
    """A node, started as an operator would start it."""

    def __init__(self, name: str, folder: Path, options: Sequence[str]) -> None:
        self.address = (HOST, free_port())
        health_port = free_port()
        ports = ["--port", str(self.address[1]), "--admin-port", str(health_port)]
        command = ["server", "start", "--host", HOST, *ports, *options]
        super().__init__(name, folder, health_port, command)


class World:
    """Services and nodes of one benchmark, each on its own processor."""

    def __init__(self, given: Mapping[Target, str], folder: Path, pins: Pins, say: Say) -> None:
        """Describe it; nothing is started yet.

        Args:
            given: addresses of services that are there; the others are started.
            folder: for logs and data.
            pins: who runs where.
            say: shown a line for each thing done.
        """
        self._given = given
        self.folder = folder
        self.pins = pins
        self._say = say
        # Unique, so that nothing of an earlier run is found in services that go on.
        self.cluster = f"bench-{uuid.uuid4().hex[:8]}"
        self.addresses: dict[Target, str] = {}
        self.nodes: list[NodeProcess] = []
        self._ending = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Start the services.

        Raises:
            StackError: one can't be started, or nothing answers at an address that was given.
        """
        wanted = tuple(target for target in SERVICES if target not in self._given)
        with contextlib.ExitStack() as ending:
            if wanted:
                self._say(f"starting {', '.join(wanted)}")
                own = OwnServices(self.folder, wanted, _FSYNC)
                ending.callback(own.end)
                own.start()
                self.addresses.update(own.addresses)
            for target, address in self._given.items():
                _check_answers(target, address)
                ending.callback(self._remove_traces, target, address)
                self.addresses[target] = address
            ending.callback(self.end_nodes)
            self.pins.others([os.getpid(), *self.service_pids().values()])
            self._ending = ending.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End what was started, and leave nothing in services that were there before."""
        self._ending.close()

    def service_pids(self) -> dict[Target, int]:
        """Return the processes of the services, as far as they are on this machine."""
        found = {}
        for target, address in self.addresses.items():
            host, port = endpoints(target, address)[0]
            local = host in (HOST, "localhost", "::1")
            if local and (pid := procfs.listener(port)) is not None:
                found[target] = pid
        return found

    def meter(self, *generators: int) -> Meter:
        """Return a meter of nodes, services, and the generator.

        Args:
            generators: processes that belong to the generator beside this one.
        """
        services = {str(name): procfs.tree([pid]) for name, pid in self.service_pids().items()}
        nodes = procfs.tree(self.node_pids())
        return Meter({"nodes": nodes, "generator": [os.getpid(), *generators], **services})

    def all_pids(self) -> list[int]:
        """Return the processes of nodes and services."""
        return [*self.node_pids(), *self.service_pids().values()]

    def node_pids(self) -> list[int]:
        """Return the processes of the nodes."""
        return [node.pid for node in self.nodes]

    def node_addresses(self) -> list[tuple[str, int]]:
        """Return where clients reach the nodes."""
        return [node.address for node in self.nodes]

    def start_nodes(self, count: int, *options: str) -> None:
        """Start nodes until there are so many, and return when all are ready.

        Raises:
            StackError: one isn't ready in time.
        """
        new = [self._make_node(index, options) for index in range(len(self.nodes), count)]
        self.nodes += new
        for node in new:
            node.launch()
        # A start takes as much as thousands of messages: all processors may help.
        self.pins.anywhere(node.pid for node in new)
        for node in new:
            node.wait_ready()
        self.pins.nodes(self.node_pids())

    def stop_nodes(self) -> None:
        """End the nodes as an operator does, side by side; insists after some seconds."""
        with ThreadPoolExecutor(max_workers=max(1, len(self.nodes))) as threads:
            ending = [threads.submit(node.stop) for node in self.nodes]
        for each in ending:
            each.result()
        self.nodes.clear()

    def end_nodes(self) -> None:
        """End the nodes at once. Idempotent."""
        for node in self.nodes:
            node.kill()
        self.nodes.clear()

    def service_options(self) -> list[str]:
        """Return what tells a program of this cluster where its services are."""
        places = [word for one, at in self.addresses.items() for word in (_OPTIONS[one], at)]
        return [*places, "--cluster", self.cluster, "--log-level", "warning"]

    def _make_node(self, index: int, options: Sequence[str]) -> NodeProcess:
        patient = ["--session-timeout", str(_SESSION_TIMEOUT)]
        name = f"node-{index + 1}"
        return NodeProcess(name, self.folder, [*self.service_options(), *patient, *options])

    def _remove_traces(self, target: Target, address: str) -> None:
        try:
            remove_traces(target, address, self.cluster)
        except StackError as exc:
            self._say(str(exc))


def _check_answers(target: Target, address: str) -> None:
    for host, port in endpoints(target, address):
        if not listens(host, port):
            cure = f"start it, or leave {_OPTIONS[target]} out"
            raise StackError(f"no {target} answers at {host}:{port}", cure)
