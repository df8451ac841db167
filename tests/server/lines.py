"""A client on a wire, its channel, and a node behind it that only writes down what it is told."""

from __future__ import annotations

from typing import Any

from cluster.frames import Connect
from server.channel import Channel
from server.envelope import Envelope
from server.stats import Stats
from server.transport import WebSocketTransport
from server.wire import text_frame
from tests.server.wires import Peer


class Node:
    """The rest of a node: writes down what the channel reports, and flushes when it is told to."""

    def __init__(self) -> None:
        self.frames: list[Connect] = []
        self.envelopes: list[Envelope] = []
        self.acks: list[int] = []
        self.asked: list[str] = []
        self.lacking = 0
        self.states: list[str] = []
        self.dirty: list[Channel] = []
        self.roomy = True

    def connecting(self, channel: Channel, frame: Connect) -> None:
        """See `server.events.Events`."""
        self.frames.append(frame)

    def submit(self, channel: Channel, envelope: Envelope) -> bool:
        """See `server.events.Events`."""
        self.envelopes.append(envelope)
        return self.roomy

    def acknowledged(self, channel: Channel, offset: int) -> None:
        """See `server.events.Events`."""
        self.acks.append(offset)

    def asked_presence(self, channel: Channel, user: str) -> None:
        """See `server.events.Events`."""
        self.asked.append(user)

    def missing(self, channel: Channel) -> None:
        """See `server.events.Events`."""
        self.lacking += 1

    def opened(self, channel: Channel) -> None:
        """See `server.events.Events`."""
        self.states.append("opened")

    def writable(self, channel: Channel, writable: bool) -> None:
        """See `server.events.Events`."""
        self.states.append("writable" if writable else "not writable")

    def ended(self, channel: Channel, code: int) -> None:
        """See `server.events.Events`."""
        self.states.append(f"ended {code}")


class Line:
    """A client, its channel, and the node behind it."""

    def __init__(
        self, *, connected: bool = True, headers: dict[str, str] | None = None, **settings: Any
    ) -> None:
        self.node = Node()
        self.stats = Stats()
        self.peer = Peer(self._make, **settings)
        self.channel = self._channels[0]
        self.peer.handshake(**(headers or {}))
        if connected:
            self.peer.say("connect", user="alice")
            self.channel.user, self.channel.id = "alice", "c1"
            self.channel.epoch = "e1"
            self.channel.sequence.begin(0, 0)

    def _make(self, transport: WebSocketTransport) -> Channel:
        clock = (lambda: 7.0, lambda: 1_700_000_000.12345)
        channel = Channel(transport, self.node, self.node.dirty.append, self.stats, clock)
        self._channels = [channel]
        return channel

    def is_read(self) -> bool:
        """Tell whether the client's socket is being read."""
        return self.peer.tcp.reading

    def heard(self) -> list[dict[str, Any]]:
        """Flush, and return what the client got."""
        for channel in self.node.dirty:
            channel.flush()
        self.node.dirty.clear()
        return self.peer.messages()

    def send(self, id: str, *, durable: bool = True) -> None:
        """Have the client send a message to bob."""
        self.peer.say("send", id=id, to="bob", body=id, durable=durable)

    def codes(self) -> list[str]:
        """Return what the client got: the codes of errors, else types."""
        return [frame.get("code", frame["type"]) for frame in self.heard()]


def message(offset: int) -> bytes:
    """Return a message ready to be written."""
    return text_frame(b'{"type":"message","offset":%d}' % offset)
