"""Dispatch: from what has been stored to the recipients' channels, here and on other nodes."""

import logging
from collections.abc import Callable, Sequence
from typing import Literal

from cluster.frames import message_frame
from server.batch import (
    NOT_STORED,
    InvalidBatch,
    Item,
    decode_batch,
    encode_batch,
    split_items,
)
from server.bus import Bus
from server.envelope import Envelope
from server.hub import Hub
from server.inbox import Inbox, Stored
from server.journal import Journal
from server.stats import Stats

_log = logging.getLogger(__name__)

Routing = Literal["fanout", "direct"]


class Dispatch:
    """Delivers to the hub what is for this node, publishes what is for others, and receives."""

    def __init__(
        self,
        node_id: str,
        hub: Hub,
        inbox: Inbox,
        bus: Bus,
        stats: Stats,
        *,
        journal: Journal,
        routing: Routing,
        epoch_changed: Callable[[], None],
        publish_failed: Callable[[], None],
    ) -> None:
        """Make the dispatch of one node.

        Args:
            node_id: this node.
            hub: its channels.
            inbox: whose epoch the offsets belong to.
            bus: the way to the other nodes.
            stats: where it counts.
            journal: where it notes what it sends, publishes and receives.
            routing: `direct` to make a batch for each node concerned, `fanout` one for all.
            epoch_changed: called when another node works in another epoch.
            publish_failed: called when the bus does not take a batch.
        """
        self._node_id = node_id
        # The nodes of a recipient who is connected here only.
        self._alone = (node_id,)
        self._hub = hub
        self._inbox = inbox
        self._bus = bus
        self._stats = stats
        self._journal = journal
        self._routing = routing
        self._epoch_changed = epoch_changed
        self._publish_failed = publish_failed

    def send(self, envelopes: Sequence[Envelope], stored: Sequence[Stored]) -> None:
        """Deliver a batch that has been stored."""
        self._journal.stored(self._inbox.epoch, envelopes, stored)
        here = self._hub.users
        remote: list[tuple[Item, tuple[str, ...]]] = []
        for envelope, result in zip(envelopes, stored, strict=True):
            nodes = result.nodes
            # What the hub knows is believed even if the directory, just swept, does not.
            local = envelope.recipient in here
            if not nodes and not local:
                continue
            item = _item(envelope, result)
            if local:
                self._hub.deliver(item.user, item.offset, item.payload)
            if nodes and nodes != self._alone:
                remote.append((item, nodes))
        if remote:
            self._publish(remote)

    def receive(self, data: bytes) -> None:
        """Deliver a batch from the bus to the channels of this node that it concerns."""
        try:
            batch = decode_batch(data)
            if batch.node_id == self._node_id:
                return
            if batch.epoch != self._inbox.epoch:
                self._epoch_changed()
                return
            users = self._hub.users
            if users.keys().isdisjoint(batch.users):
                return
            self._journal.received(data)
            for item in batch.items():
                if item.user in users:
                    self._hub.deliver(item.user, item.offset, item.payload)
        except InvalidBatch as exc:
            self._stats.bad_batches += 1
            _log.warning("dropped a batch of %d bytes from the bus: %s", len(data), exc)

    def _publish(self, remote: Sequence[tuple[Item, tuple[str, ...]]]) -> None:
        if self._routing == "fanout":
            self._publish_items([item for item, _ in remote], None)
            return
        by_node: dict[str, list[Item]] = {}
        for item, nodes in remote:
            for node in nodes:
                if node != self._node_id:
                    by_node.setdefault(node, []).append(item)
        for node, items in by_node.items():
            self._publish_items(items, frozenset((node,)))

    def _publish_items(self, items: Sequence[Item], nodes: frozenset[str] | None) -> None:
        for run in split_items(items):
            batch = encode_batch(self._node_id, self._inbox.epoch, run)
            taken = self._bus.publish(batch, nodes)
            self._journal.published(batch, nodes, taken=taken)
            if taken:
                self._stats.published += 1
            else:
                self._stats.unpublished += 1
                self._publish_failed()


def _item(envelope: Envelope, result: Stored) -> Item:
    """Make what the recipient's nodes are to be told."""
    if not envelope.durable:
        return Item(envelope.recipient, NOT_STORED, message_frame(None, envelope.tail))
    if result.offset is None:
        # A repetition of something that is stored, we can't tell where: have the channels look.
        return Item(envelope.recipient, result.head, b"")
    return Item(envelope.recipient, result.offset, message_frame(result.offset, envelope.tail))
