"""The arithmetic of rebalancing: when a node sheds channels, how many, and to whom. Pure.

Each node decides for itself, from its own exact count and from the records that it watches:

    target     what a node of this weight would hold if all channels were spread evenly
    surplus    what it holds above its target: it sheds until there is none left
    room       what the others lack to their targets; each node above its own fills its share of it

It begins only if that is worth while, and has been for some time: when it is more than 10 % above
its target, or another one is more than 15 % below its own. A newcomer among many takes little from
each, so that none is crowded.

The records are some seconds old and some per cent off. So a node begins far from where it ends,
and ends at its own target: what it has shed does not come back, and errors do not add up.

Nodes share channels only within a zone: the clients of a zone would pick it again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cluster.record import NodeRecord
from server.load import LOAD_INTERVAL

# What a node holds, relative to its target, when it is crowded, and when it is empty.
CROWDED = 1.10
EMPTY = 0.85

# Channels off the target below which nothing is done: a small cluster must not fidget.
LEAST = 5

# Seconds, on top of the session timeout, after which every node knows that one has died, and the
# clients of that are elsewhere. Until then it stands in the registry and seems to have room.
NOTICED = 4.0

# Clients that come in a round, as a share of those that are here, by which a node knows that
# another has died or is draining: the records of all are behind then.
POURING = 0.01

# Seconds after which a move shows: the channel has gone, and the record of the node that has it
# now says so. Until then it counts there and not here, and sometimes twice.
SHOWS_AFTER = LOAD_INTERVAL + 2.0

# The longest time between two rounds, in seconds, that is made up for: a node that could not run
# for a while sends no burst.
_LONGEST_ROUND = 2.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a node stands among those that share its clients.

    Attributes:
        count: the channels that it holds.
        target: the channels that it ought to hold.
        room: for each node below its target how many channels this one may give it.
        empty: whether one of them is far below.
        peers: the node_ids of the others.
    """

    count: int
    target: float
    room: Mapping[NodeRecord, float]
    empty: bool = False
    peers: frozenset[str] = frozenset()

    @property
    def uneven(self) -> bool:
        """Whether it is time to begin to shed."""
        crowded = self.count > self.target * CROWDED
        return (crowded or self.empty) and self.count - self.target >= LEAST

    @property
    def surplus(self) -> int:
        """How many channels may be shed before it is time to end."""
        return max(0, self.count - math.ceil(self.target))


def take_stock(
    node_id: str, count: int, records: Sequence[NodeRecord], promised: Mapping[str, int]
) -> Standing | None:
    """Return how a node stands; None if it takes no part: it is unknown, draining or alone.

    Args:
        node_id: the node's incarnation.
        count: how many channels it holds now; its own record may be behind.
        records: all that are registered.
        promised: node_id → channels that were sent there and that its record may not show yet.
    """
    own = next((record for record in records if record.node_id == node_id), None)
    if own is None or own.state != "up":
        return None
    peers = [r for r in records if r.state == "up" and r.zone == own.zone and r is not own]
    if not peers:
        return None
    loads = [peer.load + promised.get(peer.node_id, 0) for peer in peers]
    each = (count + sum(loads)) / (own.weight + sum(peer.weight for peer in peers))
    gaps = [each * peer.weight - load for peer, load in zip(peers, loads, strict=True)]
    return Standing(
        count=count,
        target=each * own.weight,
        room=_share_out(peers, gaps, max(0.0, count - each * own.weight)),
        empty=any(
            gap >= max(LEAST, (1.0 - EMPTY) * each * peer.weight)
            for peer, gap in zip(peers, gaps, strict=True)
        ),
        peers=frozenset(peer.node_id for peer in peers),
    )


def _share_out(
    peers: Sequence[NodeRecord], gaps: Sequence[float], excess: float
) -> dict[NodeRecord, float]:
    """Return this node's part of the others' room.

    All gaps add up to the excess of this node: the part of it in all excess there is, here and
    elsewhere, is its part in each gap.
    """
    elsewhere = -sum(gap for gap in gaps if gap < 0)
    share = excess / (excess + elsewhere) if excess else 0.0
    return {peer: gap * share for peer, gap in zip(peers, gaps, strict=True) if gap > 0}


def spread(room: Mapping[NodeRecord, float], count: int, random: float) -> list[NodeRecord]:
    """Return `count` nodes in proportion to their room, give or take one each.

    Args:
        room: how many each node may get.
        count: how many to return; fewer if there is less room.
        random: a number from 0 up to, not including, 1. It decides who gets the odd one.
    """
    total = sum(room.values())
    count = min(count, math.ceil(total))
    if count <= 0:
        return []
    chosen = []
    step, reached, nodes = total / count, 0.0, iter(room.items())
    node, width = next(nodes)
    for number in range(count):
        while (number + random) * step >= reached + width and (more := next(nodes, None)):
            reached += width
            node, width = more
        chosen.append(node)
    return chosen


class Shedding:
    """Whether a node is shedding, and how many channels are due in each round."""

    def __init__(self, rate: float, patience: float) -> None:
        """Begin with a node that does not shed.

        Args:
            rate: the share of its channels that a node sheds, a second.
            patience: seconds for which it has to be time to begin before it does, and since the
                clients of a node that left came here and to others, whose records are behind.
        """
        self._rate = rate
        self._patience = patience
        # Since when it is time to begin; None if it is not.
        self._since: float | None = None
        # How the node stood in the last round; None if it took no part.
        self._before: Standing | None = None
        # When channels were last due; None while the node does not shed.
        self._last: float | None = None
        # When there was a surplus last.
        self._surplus = 0.0
        # The part of a channel that is due and could not be shed yet.
        self._rest = 0.0

    @property
    def active(self) -> bool:
        """Whether the node is shedding."""
        return self._last is not None

    def due(self, standing: Standing | None, now: float) -> int:
        """Return how many channels to shed now; call about once a second.

        Args:
            standing: how the node stands; None if it takes no part, or that can't be told.
            now: monotonic time in seconds.
        """
        before, self._before = self._before, standing
        if standing is None or _is_upset(before, standing) or not self._has_reason(standing, now):
            self._since = self._last = None
            return 0
        if self._since is None:
            self._since = now
        if self._last is None:
            if now - self._since < self._patience:
                return 0
            self._last, self._surplus, self._rest = now, now, 0.0
        elapsed = min(now - self._last, _LONGEST_ROUND)
        self._last = now
        whole, self._rest = divmod(self._rest + elapsed * self._rate * standing.count, 1.0)
        return min(int(whole), standing.surplus)

    def _has_reason(self, standing: Standing, now: float) -> bool:
        """Tell whether to begin or to go on; it is over when all moves show and nothing is left."""
        if not self.active:
            return standing.uneven
        if standing.surplus:
            self._surplus = now
        return now - self._surplus < SHOWS_AFTER


def _is_upset(before: Standing | None, now: Standing) -> bool:
    """Tell whether a node has left since the round before, or the clients of one have come."""
    if before is None:
        return False
    came = now.count - before.count
    return bool(before.peers - now.peers) or came > max(LEAST, POURING * before.count)
