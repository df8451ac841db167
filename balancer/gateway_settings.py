"""Everything that `balancer gateway` can be told, in one place. Only its command fills it in."""

from dataclasses import dataclass
from pathlib import Path

from balancer.client_address import Network
from balancer.policy import DEFAULT_POLICY
from cluster.address import ZookeeperAddress, parse_host_port
from cluster.errors import InvalidAddress
from cluster.frames import DEFAULT_PATH
from cluster.names import DEFAULT_CLUSTER

DEFAULT_LISTEN = "0.0.0.0:7777"
DEFAULT_DRAIN_WITHIN = 30.0
DEFAULT_PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """What one gateway is told at its start; times in seconds.

    Attributes:
        zk: the ensemble in which the nodes are registered; None if the registry is another one.
        cluster: which of the clusters that share the ensemble.
        host: address to listen on.
        port: port to listen on; 0 for any free one.
        path: the only path that is passed on; the nodes have to serve the same.
        policy: how to pick a node; what sticks to somebody sticks to the client's address.
        zone: which zone's nodes to prefer; empty for none.
        trusted_proxies: whose `X-Forwarded-For` to believe when a client's address is needed.
        max_connections: clients at one time, each of which takes two files; None for any number.
        drain_within: over how long connections are closed when it is told to stop.
        patience: how long a client may take nothing of what waits for it, and its node go on when
            the client has said all. Longer bears worse networks, and keeps the dead for longer.
        wait: how long to try to reach the registry at the start; None for ever.
        cache: a file in which the last list is kept for the next start; None for none.
        admin_host: address of the admin port.
        admin_port: port of the admin port; 0 for any free one, None for none.
    """

    zk: ZookeeperAddress | None = None
    cluster: str = DEFAULT_CLUSTER
    host: str = "0.0.0.0"
    port: int = 7777
    path: str = DEFAULT_PATH
    policy: str = DEFAULT_POLICY
    zone: str = ""
    trusted_proxies: tuple[Network, ...] = ()
    max_connections: int | None = None
    drain_within: float = DEFAULT_DRAIN_WITHIN
    patience: float = DEFAULT_PATIENCE
    wait: float | None = None
    cache: Path | None = None
    admin_host: str = "127.0.0.1"
    admin_port: int | None = None


def parse_listen(text: str) -> tuple[str, int]:
    """Split `[HOST:]PORT`; without a host it is every interface. Port 0 is any free one.

    Raises:
        InvalidAddress: it is not of that form.
    """
    host, colon, port = text.rpartition(":")
    if not host:
        host = "0.0.0.0"
    elif colon and port.isascii() and port.isdigit():
        # A stand-in for the port, since that of an address to connect to is never 0.
        host = parse_host_port(f"{host}:1")[0]
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise InvalidAddress(text, "[HOST:]PORT with a port from 0 to 65535")
    return host, int(port)


def check_path(text: str) -> str:
    """Return a path.

    Raises:
        InvalidAddress: it does not begin with `/`, or has a query.
    """
    if not text.startswith("/") or not text.isascii() or set("?# ") & set(text):
        raise InvalidAddress(text, "a path such as /ws")
    return text
