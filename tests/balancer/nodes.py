"""Records and snapshots for the tests of the balancer."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from hypothesis import strategies as st

from balancer.policy import Policy
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot

NOBODY: frozenset[str] = frozenset()


def node(
    name: str,
    *,
    weight: int = 1,
    zone: str = "",
    draining: bool = False,
    load: int = 0,
    started: float = 0.0,
    port: int | None = None,
) -> NodeRecord:
    """Return the record of a node at an address of its own, or at a port of this machine."""
    host, port = (f"{name}.example", 7177) if port is None else ("127.0.0.1", port)
    return NodeRecord(
        node_id=name,
        host=host,
        port=port,
        url=f"ws://{host}:{port}/ws",
        weight=weight,
        zone=zone,
        state="draining" if draining else "up",
        load=load,
        started=started,
    )


def nodes(*weights: int) -> tuple[NodeRecord, ...]:
    """Return nodes named a, b, c … with these weights."""
    return tuple(node(chr(ord("a") + i), weight=weight) for i, weight in enumerate(weights))


def snapshot(*records: NodeRecord, version: int = 1) -> Snapshot:
    """Return a confirmed snapshot of these records."""
    return Snapshot(records, version, confirmed=0.0, stale=False)


def ids(records: Iterable[NodeRecord]) -> list[str]:
    """Return the node_ids in order."""
    return [record.node_id for record in records]


def seeded(seed: int = 1) -> Callable[[], float]:
    """Return a random number generator that is the same in each run."""
    return random.Random(seed).random


def pick(policy: Policy, records: Sequence[NodeRecord], key: str | None = None) -> str:
    """Return the node_id of the policy's first choice."""
    return next(policy.order(records, key, NOBODY)).node_id


def tally(
    policy: Policy, records: Sequence[NodeRecord], keys: Iterable[str | None]
) -> Counter[str]:
    """Count the first choices for each of the keys."""
    return Counter(pick(policy, records, key) for key in keys)


records_of_any_kind = st.lists(
    st.builds(
        node,
        st.uuids().map(str),
        weight=st.integers(1, 1000),
        zone=st.sampled_from(["", "east", "west"]),
        draining=st.booleans(),
        load=st.integers(0, 10_000),
        started=st.floats(0, 100),
    ),
    max_size=12,
    unique_by=lambda record: record.node_id,
).map(tuple)

weights_of_nodes = st.lists(st.integers(1, 10), min_size=1, max_size=8)

keys = st.one_of(st.none(), st.text(max_size=20), st.ip_addresses().map(str))
