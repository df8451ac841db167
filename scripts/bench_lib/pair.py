"""A pair of users, one of whom writes to the other: the unit of load."""

from __future__ import annotations

import time

from scripts.bench_lib.arrivals import Arrivals
from scripts.bench_lib.connection import Connection

ACK_EVERY = 64
"""Messages after which a recipient acknowledges at once, as the SDK does."""

_ID = b'"id":"'
_OFFSET = b'"offset":'
_SENT = b'{"type":"sent"'
_MESSAGE = b'{"type":"message"'


class Pair:
    """A sender, a recipient, and what is known of the messages between them.

    It checks that each message comes once and in order, and that `sent` follows each durable one.
    """

    def __init__(self, name: str, body_bytes: int, *, durable: bool = True) -> None:
        """Describe it; the connections come by `connect`.

        Args:
            name: unique in the cluster; the users' names and the sender's session are made of it.
            body_bytes: size of a body, which is a JSON string of so many characters.
            durable: whether the messages are stored and confirmed.
        """
        self.durable = durable
        self.sender_name = f"{name}a"
        self.recipient_name = f"{name}b"
        self._session = f"{name}-".encode()
        self._front = b'{"type":"send","id":"%b' % self._session
        how = b"" if durable else b',"durable":false'
        body = b"x" * body_bytes
        self._back = b'","to":"%b"%b,"body":"%b"}' % (self.recipient_name.encode(), how, body)
        self._sender: Connection | None = None
        self._recipient: Connection | None = None
        # How many messages are kept on their way (closed loop); 0 to send nothing by itself.
        self.window = 0
        # When each message was sent, or was meant to be: seconds of `time.perf_counter`.
        self.sent: list[float] = []
        self.delivered = Arrivals()
        self.confirmed = Arrivals()
        # What came and should not have come, in words.
        self.strange: list[str] = []
        # The last message that the recipient has got, and how many it has not acknowledged.
        self._last = b""
        self._unacknowledged = 0

    def connect(self, sender: Connection, recipient: Connection) -> None:
        """Take over two connections that are open."""
        self._sender, self._recipient = sender, recipient
        sender.hear, recipient.hear = self._sender_hears, self._recipient_hears

    def leave(self) -> None:
        """Disconnect the recipient."""
        assert self._recipient is not None
        self._recipient.close()

    def come_back(self, recipient: Connection) -> None:
        """Take over a new connection of the recipient, which may still have to be opened."""
        self._recipient = recipient
        recipient.hear = self._recipient_hears

    def close(self) -> None:
        """Disconnect both users."""
        for connection in (self._sender, self._recipient):
            if connection is not None:
                connection.close()

    def start(self, window: int) -> None:
        """Begin a closed loop with so many messages in flight."""
        self.window = window
        self.send(window)

    def send(self, count: int, at: float | None = None) -> None:
        """Send messages now.

        Args:
            count: how many.
            at: when they were meant to be sent, in seconds of `time.perf_counter`; None for now.
        """
        assert self._sender is not None
        first = len(self.sent) + 1
        self.sent.extend([time.perf_counter() if at is None else at] * count)
        front, back = self._front, self._back
        self._sender.send([b"%b%d%b" % (front, n, back) for n in range(first, first + count)])

    def acknowledge(self) -> None:
        """Have the recipient acknowledge what it has got, if there is anything."""
        if not self._unacknowledged or not self.durable:
            return
        assert self._recipient is not None
        offset = _digits(self._last, _OFFSET)
        self._recipient.send([b'{"type":"ack","offset":%b}' % offset])
        self._unacknowledged = 0

    def missing(self) -> int:
        """Return how many messages were sent and have not come."""
        return self.delivered.lost(len(self.sent))

    def unconfirmed(self) -> int:
        """Return how many durable messages have not been called sent."""
        return self.confirmed.lost(len(self.sent)) if self.durable else 0

    def progress(self) -> int:
        """Return a number that grows as long as anything comes."""
        return len(self.delivered.times) + len(self.confirmed.times)

    def complete(self) -> bool:
        """Tell whether everything has come, as far as a look at the lengths can tell."""
        sent = len(self.sent)
        confirmed = len(self.confirmed.times) >= sent or not self.durable
        return confirmed and len(self.delivered.times) >= sent

    def complaints(self) -> list[str]:
        """Return what is wrong with this pair, beside losses and doubles."""
        ends = [c.lost for c in (self._sender, self._recipient) if c is not None and c.lost]
        return [*self.strange, *ends]

    def _sender_hears(self, texts: list[bytes], now: float) -> None:
        take = self.confirmed.take
        for text in texts:
            if text.startswith(_SENT) and (number := self._number(text)):
                take(number, now)
            else:
                self._wonder(text)

    def _recipient_hears(self, texts: list[bytes], now: float) -> None:
        take, new = self.delivered.take, 0
        for text in texts:
            if text.startswith(_MESSAGE) and (number := self._number(text)):
                if take(number, now):
                    new += 1
                self._last = text
            else:
                self._wonder(text)
        self._unacknowledged += new
        if self.window and new:
            self.send(new)
        if self._unacknowledged >= ACK_EVERY:
            self.acknowledge()

    def _number(self, text: bytes) -> int:
        """Return the number of a message of this pair; 0 for another's."""
        at = text.find(_ID) + len(_ID)
        if not text.startswith(self._session, at):
            return 0
        at += len(self._session)
        return int(text[at : text.index(b'"', at)])

    def _wonder(self, text: bytes) -> None:
        # A cluster that loses its broker for a moment says so; that alone is no fault.
        self.strange.append(text[:200].decode(errors="replace"))


def _digits(text: bytes, label: bytes) -> bytes:
    """Return the digits that follow a label."""
    at = text.index(label) + len(label)
    end = at
    while text[end : end + 1].isdigit():
        end += 1
    return text[at:end]
