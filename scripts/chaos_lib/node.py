"""One node of the cluster under chaos: a process, and forwarders on all sides of it.

Methods that start or end a process block; the others return at once.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scripts.stack.forwarder import Forwarder
from scripts.stack.instance import HOST
from scripts.stack.ports import free_port
from scripts.trial_lib.endpoints import endpoints, led_through
from scripts.trial_lib.program import NodeProgram
from scripts.trial_lib.target import Target

_OPTIONS = {Target.ZOOKEEPER: "--zk", Target.REDIS: "--redis", Target.RABBITMQ: "--amqp"}


class Node(NodeProgram):
    """One node and its forwarders."""

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
