"""The scene: everything that faults are done to."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

from cluster.address import parse_zookeeper
from scripts.chaos_lib.crowd import RestlessCrowd
from scripts.chaos_lib.ghosts import Ghosts
from scripts.chaos_lib.node import Node
from scripts.chaos_lib.options import Options
from scripts.chaos_lib.weather import Weather
from scripts.stack.forwarder import Forwarder
from scripts.stack.instance import HOST
from scripts.stack.ports import free_port
from scripts.trial_lib.clock import Clock
from scripts.trial_lib.own_services import OwnServices
from scripts.trial_lib.program import Program
from scripts.trial_lib.target import Target
from scripts.trial_lib.user import Route

# Seconds after a death or a leave for which presence is watched at least, beyond the limit.
_WATCH_MARGIN = 5.0


class Scene:
    """Services, nodes, a balancer and users; and what is known about them."""

    def __init__(self, options: Options, folder: Path) -> None:
        """Describe everything; nothing is started yet."""
        self.options = options
        self.folder = folder
        self.cluster = f"chaos-{uuid.uuid4().hex[:8]}"
        self.clock = Clock()
        self.weather = Weather(options.nodes)
        self.ghosts = Ghosts(options.ghost_limit + _WATCH_MARGIN)
        self.services = OwnServices(folder, options.own_services, options.fsync)
        self.addresses = {**options.services, **self.services.addresses}
        self.nodes = self._make_nodes()
        self.balancer = self._make_balancer()
        self.crowd = RestlessCrowd(self._routes(), options.users, self.ghosts, self.clock)
        # What went wrong with the nodes or with chaos itself, in words.
        self.problems: list[str] = []

    def links(self, target: Target) -> list[Forwarder]:
        """Return the forwarders of all nodes to a service."""
        return [link for node in self.nodes for link in node.links[target]]

    def describe_services(self) -> str:
        """Return what the services are, in words."""
        own = self.options.own_services
        words = [f"{target} at {address}" for target, address in self.options.services.items()]
        if Target.ZOOKEEPER in own:
            words.append(f"zookeeper: {self.services.zookeeper_is}")
        if Target.REDIS in own:
            words.append(f"redis: appendfsync {self.options.fsync}")
        return ", ".join(words)

    def _make_nodes(self) -> list[Node]:
        timeout = self.options.session_timeout
        options = ["--cluster", self.cluster, "--session-timeout", f"{timeout:g}"]
        options += ["--routing", self.options.routing]
        if self.options.break_delivery:
            options.append("--break-delivery")
        return [
            Node(index, self.folder, self.addresses, options) for index in range(self.options.nodes)
        ]

    def _make_balancer(self) -> Program:
        port = free_port()
        command = ["balancer", "start", "--zk", self.addresses[Target.ZOOKEEPER]]
        command += ["--cluster", self.cluster, "--host", HOST, "--port", str(port)]
        return Program("balancer", self.folder, port, command)

    def _routes(self) -> list[Route]:
        return list(
            routes(self.addresses[Target.ZOOKEEPER], self.cluster, self.balancer.health_port)
        )


def routes(zookeeper: str, cluster: str, balancer_port: int) -> Iterator[Route]:
    """Yield the ways to a node that users take in turn: most of them spread well."""
    direct = f"zk://{parse_zookeeper(zookeeper)}?cluster={cluster}"
    balancer = f"http://{HOST}:{balancer_port}"
    for _ in range(2):
        yield Route(direct, "round_robin")
        yield Route(balancer, "least_loaded")
        yield Route(direct, "consistent_hash")
        yield Route(balancer, "round_robin")
        yield Route(direct, "least_loaded")
    # All of these come from one address, and so to one node.
    yield Route(direct, "ip_hash")
