"""Everything that a balancer can be told, in one place. Only `balancer.cli` fills it in."""

from dataclasses import dataclass, field
from pathlib import Path

from balancer.client_address import Network
from balancer.policy import DEFAULT_POLICY
from cluster.address import ZookeeperAddress
from cluster.names import DEFAULT_CLUSTER

# Every interface, since clients come from elsewhere.
DEFAULT_HOST = "0.0.0.0"
DEFAULT_PORT = 7000
DEFAULT_PROBE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerSettings:
    """What one balancer is told at its start; times in seconds.

    Attributes:
        zk: the ensemble in which the nodes are registered; None if the registry is another one.
        cluster: which of the clusters that share the ensemble.
        host: address to listen on.
        port: port to listen on; 0 for any free one.
        policy: how to pick for a request that names no policy.
        zone: which zone's nodes to prefer for a request that names no zone; empty for none.
        trusted_proxies: whose `X-Forwarded-For` to believe. Too wide lets any client choose the
            address by which `ip_hash` places it.
        probe: how often to see whether the nodes accept connections; 0 for never. Lower notices a
            death sooner, at one TCP connect a node each time.
        wait: how long to try to reach the registry at the start; None for ever. With a list in the
            cache it is for ever, too.
        cache: a file in which the last list is kept, to be served at the next start until the
            registry answers; None for none. Who can write to it decides where clients go.
        admin_token: who shows it sees users' names and may drain nodes; None if nobody may.
    """

    zk: ZookeeperAddress | None = None
    cluster: str = DEFAULT_CLUSTER
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    policy: str = DEFAULT_POLICY
    zone: str = ""
    trusted_proxies: tuple[Network, ...] = ()
    probe: float = DEFAULT_PROBE
    wait: float | None = None
    cache: Path | None = None
    admin_token: str | None = field(default=None, repr=False)
