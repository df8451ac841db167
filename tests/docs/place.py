"""The place where the commands of the docs are run: a cluster, a folder, and what names mean there.

Readers have names, ports and files of their own; so has a test. `Place.meant` puts the test's where
a page has those of a reader. Nothing else of a command is changed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from urllib.parse import urlsplit

import balancer.cli
from scripts.stack.instance import HOST
from scripts.stack.paths import ROOT
from scripts.stack.probe import listens
from tests.docs.blocks import blocks
from tests.scripts.conftest import Checkout
from tests.server.test_cli import options
from tests.services import free_port

# The message of which `server trace` tells in the docs.
TRACED = "6f1d0c2ab34e-17"


@dataclass(frozen=True)
class Services:
    """Where the services are, and the name of the cluster there.

    Attributes:
        zk: `HOST:PORT`, without a chroot.
        redis: a URL.
        amqp: a URL.
        cluster: a name that no other test has.
    """

    zk: str
    redis: str
    amqp: str
    cluster: str


class Place:
    """A checkout in which `scripts/cluster up` has been run, and its environment."""

    def __init__(self, checkout: Checkout, services: Services) -> None:
        self.folder = checkout.folder
        self._checkout = checkout
        self._services = services
        # The first node; the second has the next port, and admin ports are ten above.
        self.node = _ports_of_a_cluster()
        self.balancer = free_port()
        # For what a command starts beside the cluster: a node and its admin port, a balancer.
        self._spare, self._admin, self._spare_balancer, self._gateway = (
            free_port() for _ in range(4)
        )
        # The id of a message that has gone through the cluster; set by who sent it.
        self.traced = TRACED
        checkout.environ |= self._environment()
        self._furnish()

    def up(self) -> str:
        """Start what does not run of the cluster; return what the script said."""
        done = self._checkout.run("cluster", "up")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def is_whole(self) -> bool:
        """Tell whether both nodes and the balancer run."""
        return all(listens(HOST, port) for port in (self.node, self.node + 1, self.balancer))

    def environment(self) -> dict[str, str]:
        """Return the environment of the commands."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
        return clean | self._checkout.environ

    @property
    def address(self) -> str:
        """What `connect` gets to watch ZooKeeper."""
        return f"zk://{self._services.zk}?cluster={self._services.cluster}"

    def meant(self, text: str) -> str:
        """Return a text of the docs with what this place has instead of a reader's."""
        for pattern, here in self._names().items():
            text = re.sub(pattern, here, text)
        return text

    def _names(self) -> Mapping[str, str]:
        services = self._services
        return {
            # Services that have names, and those at the usual places of this machine.
            r"zk://127\.0\.0\.1:2181": self.address,
            r"zk1:2181(?:,zk\d:2181)*(?:/prod)?": services.zk,
            r"--zk(?!\s+\S*[:/])": f"--zk {services.zk}",
            r"redis://r(?:edis)?1(?::6379/0)?": services.redis,
            r"redis-cli": f"redis-cli -u {services.redis}",
            r"'im:\{": f"'{services.cluster}:{{",
            r"amqp://(?:user:password@)?mq1": services.amqp,
            # Ports and hosts. What has a port of its own here is named with it.
            r"scripts/demo$": f"scripts/demo --port {_two_ports()} --balancer-port {free_port()}",
            r"127\.0\.0\.1:7000": f"{HOST}:{self.balancer}",
            r"--port 7000": f"--port {self._spare_balancer}",
            r"(?:127\.0\.0\.1|192\.0\.2\.7):7177": f"{HOST}:{self.node}",
            r"127\.0\.0\.1:9177": f"{HOST}:{self.node + 10}",
            r"admin-port( = | )\d+": rf"admin-port\g<1>{self._admin}",
            r"chat1\.example\.org:7177": f"{HOST}:{self._spare}",
            r"--listen 7777": f"--listen {HOST}:{self._gateway}",
            r"gateway\.example\.org:7777": f"{HOST}:{self._gateway}",
            # Files, and a message.
            r"/etc/(im|nginx)/": rf"{self.folder}/\g<1>/",
            r"\$\{fpath\[1\]\}": "$HOME/functions",
            TRACED: self.traced,
        }

    def _environment(self) -> dict[str, str]:
        """Return what tells the programs of this place, where a command does not."""
        services = self._services
        zk, redis, amqp = services.zk, services.redis, services.amqp
        ports = {
            **{"NODE": self.node, "BALANCER": self.balancer, "ZK": zk.rpartition(":")[2]},
            **{"REDIS": urlsplit(redis).port or 6379, "AMQP": urlsplit(amqp).port or 5672},
        }
        bench = {"ZK": zk, "REDIS": redis, "AMQP": amqp, **_SHORT_BENCH}
        return {
            **{f"IM_{name}_PORT": str(port) for name, port in ports.items()},
            **{f"IM_BENCH_{name}": value for name, value in bench.items()},
            **self._of_commands(),
            "IM_SERVER_START_HOST": HOST,
            "IM_SERVER_START_PORT": str(self._spare),
            "IM_SERVER_START_DRAIN_WITHIN": "0",
            "IM_SERVER_DRAIN_WITHIN": "2",
            "IM_SERVER_TOP_EVERY": "0.2",
            "IM_BALANCER_START_HOST": HOST,
            "IM_BALANCER_START_PORT": str(self._spare_balancer),
            "COLUMNS": "160",
            "HOME": str(self.folder),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
        }

    def _of_commands(self) -> dict[str, str]:
        """Return where each command finds the cluster that has another place by default."""
        here = vars(self._services)
        found = {
            f"IM_SERVER_{command}_{option.name}".upper(): here[option.name]
            for command, option in options()
            if option.name in here and (option.name != "zk" or command in _ASK_ZOOKEEPER)
        }
        names = (f"IM_BALANCER_{command}_CLUSTER" for command in balancer.cli.main.commands)
        return found | {name.upper(): self._services.cluster for name in names}

    def _furnish(self) -> None:
        """Put the files there that a reader has."""
        (self.folder / "deploy").symlink_to(ROOT / "deploy")
        for name in ("im.js", "package.json"):
            copy(ROOT / "client_sdk" / "js" / name, self.folder)
        for name in ("im", "nginx/conf.d", "functions"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "jwt.key").write_text("the key of the tokens, for the docs' tests")
        page = (ROOT / "docs" / "configuration.md").read_text()
        [example] = [b for b in blocks("configuration.md", page) if b.language == "toml"]
        (self.folder / "im" / "im.toml").write_text(self.meant(example.text))


_ASK_ZOOKEEPER = {"nodes", "drain", "trace", "top", "doctor"}
"""Commands of `server` that ask the ZooKeeper of this machine if none is named."""

_SHORT_BENCH = {
    **{"REPS": "1", "TRIES": "1", "SECONDS": "0.1", "WARM": "0", "PAIRS": "2", "RATE": "100"},
    **{"NODES": "2", "CONNECTIONS": "20", "HEARTBEAT": "1", "CONNECTS": "50", "CLIENTS": "2"},
    **{"WAITING": "50", "USERS": "1", "DURABLE": "true"},
}
"""How `scripts/bench` measures next to nothing."""


def _two_ports() -> int:
    """Return a port that is free with the next one."""
    while listens(HOST, (port := free_port()) + 1):
        pass
    return port


def _ports_of_a_cluster() -> int:
    """Return a port that is free with the next one, and with those ten above them."""
    while any(listens(HOST, (port := free_port()) + more) for more in (1, 10, 11)):
        pass
    return port
