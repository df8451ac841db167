"""What a resolver is: the means to find nodes, one module for each kind of address."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from cluster.record import NodeRecord

# Seconds to wait for whoever knows the nodes, if there is an earlier list to go on with.
FIRST_TRY = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that may be tried.

    Attributes:
        url: what to connect to.
        node_id: the node's incarnation; the url where that is not known.
    """

    url: str
    node_id: str


def each_url_once(records: Iterable[NodeRecord]) -> tuple[NodeRecord, ...]:
    """Return the records, in order, of several with one url the first.

    Nodes behind one front have one url between them.
    """
    unique: dict[str, NodeRecord] = {}
    for record in records:
        unique.setdefault(record.url, record)
    return tuple(unique.values())


def as_candidates(records: Iterable[NodeRecord]) -> list[Candidate]:
    """Return the candidates that records are about, in order, no url twice."""
    return [Candidate(record.url, record.node_id) for record in each_url_once(records)]


class Resolver(Protocol):
    """Finds nodes, and learns from what became of them."""

    async def candidates(self, timeout: float) -> list[Candidate]:
        """Return the nodes to try, each once, best first; at least one.

        Args:
            timeout: seconds to wait for whoever knows the nodes.

        Raises:
            Unreachable: whoever knows the nodes does not answer, or knows none.
        """

    def failed(self, url: str) -> None:
        """Learn that a node could not be reached or dropped the channel."""

    def succeeded(self, url: str) -> None:
        """Learn that a node accepted the client."""

    async def close(self) -> None:
        """Let go of connections; safe to call twice."""
