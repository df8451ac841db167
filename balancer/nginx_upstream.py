"""The `upstream` block for nginx, written from a list of nodes.

Pure: records to text. What stands in a record comes from elsewhere, and what nginx reads is a
program: nothing gets into the text that is not a plain host or address.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cluster.address import is_plain_host, join_host_port
from cluster.errors import InvalidName
from cluster.record import NodeRecord

ROUND_ROBIN = "round_robin"
IP_HASH = "ip_hash"
LEAST_CONN = "least_conn"

METHODS = (ROUND_ROBIN, IP_HASH, LEAST_CONN)
DEFAULT_METHOD = ROUND_ROBIN
DEFAULT_UPSTREAM = "im"

_UPSTREAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Upstream:
    """What the block is to be.

    Attributes:
        name: what `proxy_pass http://NAME` refers to.
        method: one of `METHODS`; `round_robin` is what nginx does without being told.
        cluster: the cluster's name, for the comment.
    """

    name: str
    method: str
    cluster: str


def check_upstream(name: str) -> str:
    """Return the name of an upstream.

    Raises:
        InvalidName: it is not 1 to 64 of the letters, digits, `.`, `_`, `-`.
    """
    if not _UPSTREAM.fullmatch(name):
        raise InvalidName("upstream", "must be 1 to 64 ASCII letters, digits, '.', '_' or '-'")
    return name


def render(
    upstream: Upstream, records: Sequence[NodeRecord], silent: Collection[str] = ()
) -> str | None:
    """Write the block; the same nodes give the same text.

    The order is that of the addresses, so that a node that was restarted keeps its place. With
    `ip_hash` it is the order of registration, as in the balancer's policy of that name: both send a
    client to the same node.

    Args:
        upstream: what it is to be.
        records: the nodes, in the order in which they registered. Those whose host is not plain are
            left out; of several at one address the last counts.
        silent: the ids of nodes that accept no connections.

    Returns:
        None if no node is left: nginx refuses an empty upstream.
    """
    servers = {(r.host, r.port): r for r in records if is_plain_host(r.host)}
    if not servers:
        return None
    listed = list(servers.values())
    if upstream.method != IP_HASH:
        listed = [servers[place] for place in sorted(servers)]
    down = _down(listed, silent)
    lines = [_server(record, record.node_id in down) for record in listed]
    if upstream.method != ROUND_ROBIN:
        lines.insert(0, f"    {upstream.method};")
    body = "\n".join(lines)
    return (
        f"# Written by 'balancer nginx' from the nodes of the cluster '{upstream.cluster}'.\n"
        "# It is replaced at their next change: edit the file that includes it.\n"
        f"upstream {upstream.name} {{\n{body}\n}}\n"
    )


def _down(listed: Sequence[NodeRecord], silent: Collection[str]) -> set[str]:
    """Return the ids of those that get no clients; as in the balancer, never all of them."""
    quiet = {r.node_id for r in listed if r.node_id in silent}
    draining = {r.node_id for r in listed if r.state == "draining"}
    choices: tuple[set[str], ...] = (quiet | draining, quiet, set())
    return next(down for down in choices if len(down) < len(listed))


def _server(record: NodeRecord, down: bool) -> str:
    weight = f" weight={record.weight}" if record.weight > 1 else ""
    place = join_host_port(record.host, record.port)
    return f"    server {place}{weight}{' down' if down else ''};"


def changes(before: str, after: str) -> str:
    """Say in one line what is another server in the second text than in the first."""
    old, new = _servers(before), _servers(after)
    words = [f"+{place}{how}" for place, how in new.items() if place not in old]
    words += [f"{place}{how or ' up'}" for place, how in new.items() if old.get(place, how) != how]
    words += [f"-{place}" for place in old if place not in new]
    return ", ".join(words) or "another order or method"


def _servers(text: str) -> dict[str, str]:
    """Return what follows each server's address, by the address."""
    found = re.findall(r"^    server (\S+?)((?: [^;]*)?);", text, re.MULTILINE)
    return dict(found)
