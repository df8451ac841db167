"""The stage: services, nodes, a balancer and clients, described and not yet started."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from cluster.address import parse_zookeeper
from scripts.rolling_lib.options import Options
from scripts.rolling_lib.watch import Watch
from scripts.stack.instance import HOST
from scripts.stack.ports import free_port
from scripts.trial_lib.clock import Clock
from scripts.trial_lib.crowd import Crowd
from scripts.trial_lib.own_services import OwnServices
from scripts.trial_lib.program import NodeProgram, Program
from scripts.trial_lib.target import Target
from scripts.trial_lib.user import Route

# Of so many clients one watches ZooKeeper itself, as back ends do; the others ask the balancer.
_WATCHERS = 10

_SERVICE_OPTIONS = {Target.ZOOKEEPER: "--zk", Target.REDIS: "--redis", Target.RABBITMQ: "--amqp"}


class Stage:
    """Everything that a rolling restart is done to, and what watches it."""

    def __init__(self, options: Options, folder: Path) -> None:
        """Describe everything; nothing is started yet."""
        self.folder = folder
        self.cluster = f"rolling-{uuid.uuid4().hex[:8]}"
        self.clock = Clock()
        # Redis is never killed here, so that nothing is lost by syncing once a second.
        self.services = OwnServices(folder, options.own_services, "everysec")
        addresses = {**options.services, **self.services.addresses}
        self.nodes = [
            _make_node(f"node-{index + 1}", folder, addresses, self.cluster, options.drain_within)
            for index in range(options.nodes)
        ]
        self.balancer = _make_balancer(folder, addresses[Target.ZOOKEEPER], self.cluster)
        self.watch = Watch(self.clock)
        self.crowd = Crowd(
            list(routes(addresses[Target.ZOOKEEPER], self.cluster, self.balancer.health_port)),
            options.clients,
            self.clock,
            delivered=self.watch.delivered,
            noticed=self.watch.noticed,
        )

    def name_of(self, node_id: str) -> str:
        """Return the name of the node whose present incarnation that is; `nowhere` for none."""
        return next((node.name for node in self.nodes if node.node_id == node_id), "nowhere")

    def is_registered(self, node: NodeProgram) -> bool:
        """Tell whether the balancer sees a node's present incarnation up. Blocks."""
        told = self.balancer.get("/v1/nodes") or {"nodes": []}
        return any(
            record["node_id"] == node.node_id and record["state"] == "up"
            for record in told["nodes"]
        )


def _make_node(
    name: str, folder: Path, addresses: Mapping[Target, str], cluster: str, drain_within: float
) -> NodeProgram:
    port, admin_port = free_port(), free_port()
    command = ["server", "start", "--host", HOST, "--port", str(port)]
    command += ["--admin-port", str(admin_port), "--cluster", cluster]
    command += ["--drain-within", f"{drain_within:g}"]
    for target, address in addresses.items():
        command += [_SERVICE_OPTIONS[target], address]
    return NodeProgram(name, folder, admin_port, command)


def _make_balancer(folder: Path, zookeeper: str, cluster: str) -> Program:
    port = free_port()
    command = ["balancer", "start", "--host", HOST, "--port", str(port)]
    command += ["--zk", zookeeper, "--cluster", cluster]
    return Program("balancer", folder, port, command)


def routes(zookeeper: str, cluster: str, balancer_port: int) -> Iterator[Route]:
    """Yield the ways to a node that clients take in turn."""
    yield Route(f"zk://{parse_zookeeper(zookeeper)}?cluster={cluster}", "round_robin")
    for _ in range(_WATCHERS - 1):
        yield Route(f"http://{HOST}:{balancer_port}", "round_robin")
