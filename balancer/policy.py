"""What a policy is: an order in which to try the nodes. And which policies there are, by name.

Pure: a policy does no I/O and takes clock and randomness as arguments.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from balancer.consistent_hash import ConsistentHash
from balancer.ip_hash import IpHash
from balancer.least_loaded import LeastLoaded
from balancer.round_robin import RoundRobin
from cluster.errors import InvalidName
from cluster.record import NodeRecord

ROUND_ROBIN = "round_robin"
IP_HASH = "ip_hash"
CONSISTENT_HASH = "consistent_hash"
LEAST_LOADED = "least_loaded"

POLICIES = (ROUND_ROBIN, IP_HASH, CONSISTENT_HASH, LEAST_LOADED)
DEFAULT_POLICY = ROUND_ROBIN


class Policy(Protocol):
    """One way to pick a node. An object of it may hold state, a rotation for example."""

    def order(
        self, records: Sequence[NodeRecord], key: str | None, avoid: frozenset[str]
    ) -> Iterator[NodeRecord]:
        """Yield every record that is not avoided exactly once, the best first.

        The avoided are in `records` because hashing needs to know them: they keep their place, so
        that a node's short absence moves nobody but its own clients. State advances once, when
        the first record is taken.

        Args:
            records: the nodes, in the order in which they registered; no node twice.
            key: what a sticky policy sticks to: the client's address or the user's name.
                None if it is not known.
            avoid: the node_ids that are not to be yielded, those of other records among them.
        """


def check_policy(name: str) -> str:
    """Return a policy's name.

    Raises:
        InvalidName: there is no such policy.
    """
    if name not in POLICIES:
        raise InvalidName("policy", f"must be one of {', '.join(POLICIES)}")
    return name


def make_policy(
    name: str, *, wall_clock: Callable[[], float], random: Callable[[], float]
) -> Policy:
    """Make a policy with a state of its own.

    Args:
        name: one of `POLICIES`.
        wall_clock: returns the seconds since the epoch.
        random: returns a number from 0 up to, not including, 1.

    Raises:
        InvalidName: there is no such policy.
    """
    check_policy(name)
    if name == LEAST_LOADED:
        return LeastLoaded(wall_clock, random)
    round_robin = RoundRobin(random)
    if name == IP_HASH:
        return IpHash(round_robin)
    if name == CONSISTENT_HASH:
        return ConsistentHash(round_robin)
    return round_robin
