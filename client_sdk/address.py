"""The addresses that `connect` takes, and the resolver that each kind needs.

zk://HOST:PORT[,HOST:PORT…][/chroot][?cluster=NAME]    watch the nodes in ZooKeeper
http://BALANCER, https://BALANCER                      ask a balancer
ws://NODE[,ws://NODE…], wss://…                        a fixed list; the path /ws may be left out
"""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

from balancer.picker import Picker
from balancer.policy import IP_HASH, check_policy
from client_sdk.resolver import Resolver
from client_sdk.resolver_balancer import BalancerResolver
from client_sdk.resolver_static import StaticResolver
from client_sdk.resolver_zookeeper import ZookeeperResolver
from cluster.address import ZookeeperAddress, parse_zookeeper, reachable_host, without_password
from cluster.errors import InvalidAddress
from cluster.frames import DEFAULT_PATH
from cluster.names import DEFAULT_CLUSTER, check_cluster
from cluster.registry_zookeeper import ZookeeperRegistry
from cluster.snapshot_cache import SnapshotCache

EXPECTED = "zk://HOST:PORT[/chroot][?cluster=NAME], http://BALANCER or ws://NODE[,ws://NODE…]"


def make_resolver(
    address: str, *, user: str, policy: str, zone: str, cache: Path | None = None
) -> Resolver:
    """Return the resolver for an address; nothing is connected yet.

    Args:
        address: see above.
        user: who connects; `consistent_hash` sticks to it.
        policy: how to pick a node (`balancer.policy.POLICIES`).
        zone: the zone to prefer; empty for none.
        cache: a file that keeps the last list for the next start; None for none. A fixed list
            needs none.

    Raises:
        InvalidAddress: it is not of a known form.
        InvalidName: there is no such policy, or no such name for a cluster.
    """
    check_policy(policy)
    scheme = address.partition("://")[0]
    if scheme in ("http", "https"):
        url = check_balancer(address)
        kept = None if cache is None else SnapshotCache(cache, without_password(url))
        return BalancerResolver(url, policy=policy, user=user, zone=zone, cache=kept)
    # Seen from here the client's address is that of the interface that leads out.
    key = reachable_host("") if policy == IP_HASH else user
    picker = Picker(policy, zone=zone)
    if scheme == "zk":
        ensemble, cluster = split_zookeeper(address)
        kept = None if cache is None else SnapshotCache(cache, f"zk://{ensemble}?cluster={cluster}")
        return ZookeeperResolver(ZookeeperRegistry(ensemble, cluster), picker, key, kept)
    return StaticResolver(split_nodes(address), picker, key)


def split_zookeeper(address: str) -> tuple[ZookeeperAddress, str]:
    """Split `zk://…` into the ensemble and the cluster's name.

    Raises:
        InvalidAddress: it is not of that form.
        InvalidName: the cluster's name may not be used.
    """
    rest, _, query = address.removeprefix("zk://").partition("?")
    options = parse_qs(query, keep_blank_values=True)
    names = options.pop("cluster", [DEFAULT_CLUSTER])
    if options or len(names) != 1:
        raise InvalidAddress(address, EXPECTED)
    return parse_zookeeper(rest), check_cluster(names[0])


def check_balancer(address: str) -> str:
    """Return a balancer's url without query.

    Raises:
        InvalidAddress: it is no such url.
    """
    try:
        parts = urlsplit(address)
        usable = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError as exc:
        raise InvalidAddress(address, EXPECTED) from exc
    if not usable:
        raise InvalidAddress(address, EXPECTED)
    return urlunsplit(parts._replace(query="", fragment=""))


def split_nodes(address: str) -> list[str]:
    """Split `ws://…,ws://…` into urls, each once and with a path.

    Raises:
        InvalidAddress: one is no such url.
    """
    return list(dict.fromkeys(_node_url(part.strip(), address) for part in address.split(",")))


def _node_url(text: str, address: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("ws", "wss") and parts.hostname and not parts.fragment
        usable = usable and (parts.port is None or parts.port > 0)
    except ValueError as exc:
        raise InvalidAddress(address, EXPECTED) from exc
    if not usable:
        raise InvalidAddress(address, EXPECTED)
    path = DEFAULT_PATH if parts.path in ("", "/") else parts.path
    return urlunsplit(parts._replace(path=path))
