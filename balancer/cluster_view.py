"""The cluster as a picture shows it: the registry's records, and what the nodes say themselves.

The nodes are asked while somebody looks, and at most once a second however many do.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from balancer.admin_token import Access
from balancer.node_admin import NodeStatus
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot

# Seconds for which one look serves all who ask.
FRESH = 1.0

# How many nodes are asked at one time.
_AT_ONCE = 64

# Seconds that one look may take, however many nodes are silent; a page gives up after three.
_WITHIN = 1.5

AskStatus = Callable[[NodeRecord], Awaitable[NodeStatus | None]]


class NodeView(NodeRecord, frozen=True, kw_only=True):
    """A node: its record, and beside it

    Attributes:
        silent: whether it has an admin port and does not answer there.
        avoided: whether the balancer avoids it for now, since it refused connections.
        status: what it says of itself, users' names left out unless the operator asks; None if it
            says nothing.
    """

    silent: bool
    avoided: bool
    status: NodeStatus | None


class ClusterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The whole picture.

    Attributes:
        cluster: its name.
        nodes: in the order in which they registered.
        version: of the snapshot.
        age: seconds since the registry confirmed the list; None if it never has.
        stale: whether the registry cannot confirm the list now.
        complete: whether the registry answers; with `stale`, some of the nodes may have left.
        admin: what the one who asks may; see `Access`.
    """

    cluster: str
    nodes: tuple[NodeView, ...]
    version: int
    age: float | None
    stale: bool
    complete: bool
    admin: str


class ClusterView:
    """Asks the nodes of the snapshot how they are."""

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        ask: AskStatus,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know nothing yet.

        Args:
            snapshot: returns the nodes as last known.
            ask: returns what a node says of itself, within about a second.
            clock: returns monotonic seconds.
        """
        self._snapshot = snapshot
        self._ask = ask
        self._clock = clock
        # What the nodes said last, by node_id, and when they were asked.
        self._known: Mapping[str, NodeStatus | None] = {}
        self._asked: float | None = None
        # The look that is under way; None between two.
        self._looking: asyncio.Task[None] | None = None

    async def statuses(self) -> Mapping[str, NodeStatus | None]:
        """Return what each node says of itself, at most about two seconds old."""
        if self._asked is None or self._clock() - self._asked >= FRESH:
            if self._looking is None:
                self._looking = asyncio.create_task(self._look(), name="asking the nodes")
            # Whoever goes away meanwhile must not end it for the others.
            await asyncio.shield(self._looking)
        return self._known

    async def close(self) -> None:
        """End the look that is under way."""
        looking = self._looking
        if looking is not None:
            looking.cancel()
            await asyncio.wait([looking])

    async def _look(self) -> None:
        try:
            self._known = await self._ask_all(self._snapshot().records)
            self._asked = self._clock()
        finally:
            self._looking = None

    async def _ask_all(self, records: Sequence[NodeRecord]) -> dict[str, NodeStatus | None]:
        """Ask every node that there is time for; of the others stays what was known."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def ask(record: NodeRecord) -> NodeStatus | None:
            async with slots:
                return await self._ask(record)

        # Those that were silent come last: they would take the time of those that answer.
        order = sorted(records, key=lambda record: self._known.get(record.node_id, ...) is None)
        asking = {record.node_id: asyncio.create_task(ask(record)) for record in order}
        try:
            if asking:
                await asyncio.wait(asking.values(), timeout=_WITHIN)
        finally:
            for task in asking.values():
                task.cancel()
        known = {node_id: said for node_id, said in self._known.items() if node_id in asking}
        return known | {node_id: t.result() for node_id, t in asking.items() if t.done()}


def cluster_answer(
    cluster: str,
    snapshot: Snapshot,
    now: float,
    statuses: Mapping[str, NodeStatus | None],
    avoided: Sequence[str],
    access: Access,
) -> bytes:
    """Write the picture as JSON.

    Args:
        cluster: its name.
        snapshot: the nodes as last known.
        now: monotonic time, in seconds.
        statuses: what they say of themselves; a node that is missing has not been asked yet.
        avoided: the node_ids that the balancer avoids.
        access: what the one who asks may; names are for those who may everything.
    """
    age = snapshot.age(now)
    named = access is Access.GRANTED
    answer = ClusterAnswer(
        cluster=cluster,
        nodes=tuple(
            NodeView(
                **msgspec.structs.asdict(record),
                silent=bool(record.admin) and statuses.get(record.node_id, True) is None,
                avoided=record.node_id in avoided,
                status=_shown(statuses.get(record.node_id), named),
            )
            for record in snapshot.records
        ),
        version=snapshot.version,
        age=None if age is None else round(age, 3),
        stale=snapshot.stale,
        complete=snapshot.complete,
        admin=access.value,
    )
    return msgspec.json.encode(answer)


def _shown(status: NodeStatus | None, named: bool) -> NodeStatus | None:
    if status is None or named:
        return status
    return msgspec.structs.replace(status, sample=())
