"""What a node counts. Plain integers, so that counting costs next to nothing on the hot path."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stats:
    """Totals since the node started; `server.metrics` shows them to Prometheus."""

    # WebSocket handshakes, by how they ended: `accepted`, the HTTP status, or `cut` for a socket
    # that was cut off before its handshake.
    handshakes: Counter[str] = field(default_factory=Counter)
    # Of them, those that got a 503 and a time to come back, by why.
    turned_away: Counter[str] = field(default_factory=Counter)
    # Channels that ended, by close code.
    closes: Counter[str] = field(default_factory=Counter)
    # Frames and connects that were refused, by error code.
    refused: Counter[str] = field(default_factory=Counter)
    # Channels that were told to move to another node, by why.
    moved: Counter[str] = field(default_factory=Counter)
    # Messages taken from clients.
    received: int = 0
    # Messages stored in an inbox.
    stored: int = 0
    # Messages that a sender sent again and that had been stored before.
    repeated: int = 0
    # Messages written to a channel, replayed ones included.
    delivered: int = 0
    # Messages that were read from the inbox, on connect or to fill a gap.
    replayed: int = 0
    # Appends to the inbox: `received / batches` is the batch size.
    batches: int = 0
    # Messages in a batch whose append failed.
    failed: int = 0
    # Batches published on the bus.
    published: int = 0
    # Batches that the bus did not take; their messages wait in the inbox.
    unpublished: int = 0
    # Batches from the bus that could not be read.
    bad_batches: int = 0
    # Entries in the registry that hold no node record; as the watch counts them.
    bad_records: int = 0
    # Batches from the bus that failed unexpectedly; as the bus counts them.
    receive_errors: int = 0
    # Times that a task of the node failed in a way nobody expected, and went on.
    unexpected: int = 0
    # Channels that were cut off because they did not read.
    slow: int = 0
    # Channels that were cut off because they sent too many control frames or small fragments.
    floods: int = 0
    # Times that the inbox had to be read for a gap in a live channel.
    gaps: int = 0
    # Incarnations swept out of the directory.
    swept: int = 0
