"""Everything that `balancer nginx` can be told, in one place. Only its command fills it in."""

from dataclasses import dataclass
from pathlib import Path

from balancer.nginx_upstream import DEFAULT_METHOD, DEFAULT_UPSTREAM, Upstream
from cluster.names import DEFAULT_CLUSTER

DEFAULT_TEST = "nginx -t"
DEFAULT_PROBE = 1.0

# Seconds that --once waits for the registry, unless told otherwise.
ONCE_WAIT = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxSettings:
    """What one follower is told at its start; times in seconds.

    Attributes:
        out: the file that nginx includes.
        cluster: which of the clusters that share the ensemble.
        upstream: the name of the upstream.
        method: how nginx picks a server.
        test: the command that checks nginx's whole configuration, with the new file in its place;
            empty to check nothing.
        reload: the command that has nginx read it; empty for none.
        probe: how often to see whether each node accepts connections; 0 for never.
        once: whether to end when the file is up to date.
        wait: how long to try to reach the registry at the start; None for ever.
        admin_host: address of the admin port.
        admin_port: port of the admin port; 0 for any free one, None for none.
    """

    out: Path
    cluster: str = DEFAULT_CLUSTER
    upstream: str = DEFAULT_UPSTREAM
    method: str = DEFAULT_METHOD
    test: str = DEFAULT_TEST
    reload: str = ""
    probe: float = DEFAULT_PROBE
    once: bool = False
    wait: float | None = None
    admin_host: str = "127.0.0.1"
    admin_port: int | None = None

    @property
    def block(self) -> Upstream:
        """What is to be written."""
        return Upstream(self.upstream, self.method, self.cluster)
