"""What a request asks for: the query's parameters, checked.

Pure: strings to values, or an error that names the parameter.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from balancer.policy import CONSISTENT_HASH, IP_HASH, check_policy
from cluster.errors import ClusterError, InvalidName
from cluster.names import check_name

DEFAULT_COUNT = 4
MAX_COUNT = 100
MAX_WAIT = 60.0


class BadParameter(ClusterError):
    """A query parameter that cannot be used.

    Attributes:
        parameter: its name.
        reason: what would have been usable.
    """

    def __init__(self, parameter: str, reason: str) -> None:
        self.parameter = parameter
        self.reason = reason
        super().__init__(f"{parameter} {reason}")


@dataclass(frozen=True, slots=True)
class NodeQuery:
    """What `GET /v1/node` asks for.

    Attributes:
        policy: how to pick.
        zone: which zone to prefer; None for the balancer's own.
        user: who is asking; None if not told.
        count: how many further candidates to name.
    """

    policy: str
    zone: str | None
    user: str | None
    count: int

    def key(self, address: str | None) -> str | None:
        """Return what the policy sticks to, given the client's address."""
        if self.policy == IP_HASH:
            return address
        if self.policy == CONSISTENT_HASH:
            return address if self.user is None else self.user
        return None


@dataclass(frozen=True, slots=True)
class NodesQuery:
    """What `GET /v1/nodes` asks for.

    Attributes:
        version: which version is known already; None if none is.
        wait: for how many seconds to wait for another version.
    """

    version: int | None
    wait: float


def read_node_query(query: Mapping[str, str], default_policy: str) -> NodeQuery:
    """Read the query of `GET /v1/node`.

    Raises:
        BadParameter: one of the parameters cannot be used.
    """
    try:
        policy = check_policy(query.get("policy", default_policy))
        user = check_name("user", query["user"]) if "user" in query else None
    except InvalidName as exc:
        raise BadParameter(exc.kind, exc.reason) from exc
    count = _whole_number(query, "count", MAX_COUNT)
    return NodeQuery(policy, query.get("zone"), user, DEFAULT_COUNT if count is None else count)


def read_nodes_query(query: Mapping[str, str]) -> NodesQuery:
    """Read the query of `GET /v1/nodes`.

    Raises:
        BadParameter: one of the parameters cannot be used.
    """
    return NodesQuery(_whole_number(query, "version", 2**53 - 1), _seconds(query, "wait", MAX_WAIT))


def _whole_number(query: Mapping[str, str], parameter: str, most: int) -> int | None:
    """Return the number; None if the parameter is missing."""
    text = query.get(parameter)
    if text is None:
        return None
    # ASCII alone, and not too long: int() takes other scripts' digits, and time for a million.
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= most):
        raise BadParameter(parameter, f"must be a whole number from 0 to {most}")
    return int(text)


def _seconds(query: Mapping[str, str], parameter: str, most: float) -> float:
    """Return the seconds; 0 if the parameter is missing."""
    try:
        seconds = float(query.get(parameter, "0"))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= most:
        raise BadParameter(parameter, f"must be a number of seconds from 0 to {most:g}")
    return seconds
