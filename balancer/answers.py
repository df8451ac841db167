"""What the balancer answers, as JSON.

Pure: values to bytes. An error's answer is of one shape, whatever went wrong.
"""

import msgspec

from cluster.record import NodeRecord
from cluster.snapshot import Snapshot


class NodeAnswer(NodeRecord, frozen=True, kw_only=True):
    """The node that was picked: its record, and beside it

    Attributes:
        candidates: further nodes to try, the best first.
        version: of the snapshot that was picked from.
        age: seconds since the registry confirmed the snapshot; None if it never has.
        stale: whether the registry cannot confirm the snapshot now.
    """

    candidates: tuple[NodeRecord, ...]
    version: int
    age: float | None
    stale: bool


class NodesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All nodes.

    Attributes:
        nodes: their records, in the order in which they registered.
        version: another number for another list; it means nothing to another balancer.
        age: seconds since the registry confirmed the list; None if it never has.
        stale: whether the registry cannot confirm the list now.
    """

    nodes: tuple[NodeRecord, ...]
    version: int
    age: float | None
    stale: bool


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why there is no answer.

    Attributes:
        error: what kind of error, for programs: `bad_parameter`, `no_nodes`, `not_found` …
        reason: the same for people, with the cure where there is one.
        parameter: which of the query's parameters is at fault; None if it is none of them.
    """

    error: str
    reason: str
    parameter: str | None = None


def node_answer(candidates: list[NodeRecord], snapshot: Snapshot, now: float) -> bytes:
    """Write the answer that names the first candidate and the further ones.

    Args:
        candidates: at least one.
        snapshot: what they were picked from.
        now: monotonic time, in seconds.
    """
    answer = NodeAnswer(
        **msgspec.structs.asdict(candidates[0]),
        candidates=tuple(candidates[1:]),
        version=snapshot.version,
        age=_age(snapshot, now),
        stale=snapshot.stale,
    )
    return msgspec.json.encode(answer)


def nodes_answer(snapshot: Snapshot, now: float) -> bytes:
    """Write the answer that shows the whole snapshot.

    Args:
        snapshot: what is known of the nodes.
        now: monotonic time, in seconds.
    """
    answer = NodesAnswer(
        nodes=snapshot.records,
        version=snapshot.version,
        age=_age(snapshot, now),
        stale=snapshot.stale,
    )
    return msgspec.json.encode(answer)


def error_answer(error: str, reason: str, parameter: str | None = None) -> bytes:
    """Write the answer that says what is wrong."""
    return msgspec.json.encode(ErrorAnswer(error=error, reason=reason, parameter=parameter))


def _age(snapshot: Snapshot, now: float) -> float | None:
    age = snapshot.age(now)
    return None if age is None else round(age, 3)
