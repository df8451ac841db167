"""Nodes that rebalance, in steps of a second and without I/O: records lag, moves take a moment."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from cluster.frames import MOVED_FOR
from cluster.record import NodeRecord
from server.load import LOAD_INTERVAL, worth_writing
from server.rebalance import NOTICED, SHOWS_AFTER, Shedding, spread, take_stock
from tests.cluster.records import make_record

SESSION_TIMEOUT = 6.0
PATIENCE = SESSION_TIMEOUT + NOTICED


@dataclass(eq=False)
class WorldChannel:
    """A channel.

    Attributes:
        moves: when it was told to move.
        stays: whether its client takes no notice.
    """

    moves: list[float] = field(default_factory=list)
    stays: bool = False

    def may_move(self, now: float) -> bool:
        """Tell whether it has not been told for long enough."""
        return not self.moves or now - self.moves[-1] >= MOVED_FOR


class WorldNode:
    """A node: what it holds, what its record says, what it has told lately."""

    def __init__(self, record: NodeRecord, rate: float, phase: float) -> None:
        self.record = record
        self.channels: list[WorldChannel] = []
        self.shedding = Shedding(rate, PATIENCE)
        # When the record was written, and when it is looked at next.
        self.written = 0.0
        self.look = phase
        # Moment, target and channel of what it told lately.
        self.told: list[tuple[float, str, WorldChannel]] = []

    @property
    def count(self) -> int:
        return len(self.channels)


class World:
    """Several nodes of one cluster."""

    def __init__(self, seed: int = 1, rate: float = 0.01) -> None:
        self.random = random.Random(seed)
        self.rate = rate
        self.now = 0.0
        self.nodes: list[WorldNode] = []
        # Channels on their way, and the node that they were told to go to.
        self.moving: list[tuple[str, WorldChannel]] = []
        # Records of nodes that have died, and until when they stand.
        self.dead: list[tuple[float, NodeRecord]] = []

    def add(self, count: int, *, stubborn: bool = False, **fields: object) -> WorldNode:
        """Add a node whose record is true for now."""
        phase = self.random.uniform(0.0, LOAD_INTERVAL)
        node = WorldNode(make_record(load=count, **fields), self.rate, self.now + phase)
        node.written = self.now
        node.channels = [WorldChannel(stays=stubborn) for _ in range(count)]
        self.nodes.append(node)
        return node

    def kill(self, node: WorldNode) -> None:
        """Let a node die: its clients pick others at once, its record stays for a while."""
        self.nodes.remove(node)
        self.dead.append((self.now + SESSION_TIMEOUT, node.record))
        self._pick(node.channels)

    def _pick(self, channels: Iterable[WorldChannel]) -> None:
        for channel in channels:
            self.random.choice(self.nodes).channels.append(channel)

    @property
    def moves(self) -> int:
        """How many moves there were so far."""
        return sum(len(channel.moves) for channel in self.all_channels())

    def all_channels(self) -> list[WorldChannel]:
        """Return every channel."""
        under_way = [channel for _, channel in self.moving]
        return [channel for node in self.nodes for channel in node.channels] + under_way

    def targets(self) -> Mapping[WorldNode, float]:
        """Return what each node would hold if all were even; only for one zone, all of it up."""
        each = len(self.all_channels()) / sum(node.record.weight for node in self.nodes)
        return {node: each * node.record.weight for node in self.nodes}

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + seconds
        while self.now < until:
            self.step()

    def step(self) -> None:
        """Let a second pass."""
        self.now += 1.0
        arriving, self.moving = self.moving, []
        by_id = {node.record.node_id: node for node in self.nodes}
        for node_id, channel in arriving:
            if node_id in by_id:
                by_id[node_id].channels.append(channel)
            else:
                self._pick([channel])
        self.dead = [(until, record) for until, record in self.dead if until > self.now]
        records = tuple(record for _, record in self.dead)
        records += tuple(node.record for node in self.nodes)
        for node in self.nodes:
            self._round(node, records)
        for node in self.nodes:
            self._write(node)

    def _write(self, node: WorldNode) -> None:
        if self.now < node.look:
            return
        node.look += LOAD_INTERVAL
        if worth_writing(node.count, node.record.load, self.now - node.written):
            node.record = msgspec.structs.replace(node.record, load=node.count)
            node.written = self.now

    def _round(self, node: WorldNode, records: tuple[NodeRecord, ...]) -> None:
        node.told = [told for told in node.told if told[0] > self.now - SHOWS_AFTER]
        promised = Counter(target for _, target, _ in node.told)
        here = node.count - sum(channel.stays for _, _, channel in node.told)
        standing = take_stock(node.record.node_id, here, records, promised)
        number = node.shedding.due(standing, self.now)
        if standing is None or not number:
            return
        movable = [channel for channel in node.channels if channel.may_move(self.now)]
        targets = spread(standing.room, number, self.random.random())
        for record in targets[: len(movable)]:
            channel = movable.pop(self.random.randrange(len(movable)))
            channel.moves.append(self.now)
            node.told.append((self.now, record.node_id, channel))
            if not channel.stays:
                node.channels.remove(channel)
                self.moving.append((record.node_id, channel))
        assert here - number >= standing.target
