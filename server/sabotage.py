"""Sabotage: `--break-delivery` breaks what keeps messages from being lost, so that a test can fail.

A checker that has never found anything proves nothing. This is what `scripts/chaos` has to find.
"""

from collections.abc import Callable
from collections.abc import Sequence as Frames

from cluster.frames import Connected, encode
from server.bus import Receiver
from server.channel import Channel
from server.sequence import Sequence
from server.wire import text_frame

# The share of batches from the bus that are dropped.
LOSS = 0.01

# What the lie names as the heartbeat, in seconds; the client does nothing with it.
HEARTBEAT = 25.0


class BrokenSequence(Sequence):
    """A sequence that passes over gaps as if nothing were missing.

    The client must not notice either: the SDK finds a gap by itself and has it filled on a new
    channel. So it is told, as if the inbox had been trimmed, to go on behind the gap.
    """

    __slots__ = ("_go_on_behind",)

    def __init__(self, go_on_behind: Callable[[int], bytes]) -> None:
        """Make one whose client is told by the frame that `go_on_behind` makes of an offset."""
        super().__init__()
        self._go_on_behind = go_on_behind

    def accept(self, offset: int, frame: bytes) -> Frames[bytes]:
        """Take a frame, and forget those before it that have not come."""
        self.note(offset)
        if offset < self.next or not self.next:
            return ()
        gap, self.next = offset > self.next, offset + 1
        return (self._go_on_behind(offset - 1), frame) if gap else (frame,)


def broken_sequence(channel: Channel) -> BrokenSequence:
    """Return a broken sequence that lies to the client of this channel."""

    def go_on_behind(offset: int) -> bytes:
        frame = Connected(
            channel=channel.id,
            node="",
            epoch=channel.epoch,
            offset=offset,
            recovered=True,
            heartbeat=HEARTBEAT,
        )
        return text_frame(encode(frame))

    return BrokenSequence(go_on_behind)


def lossy(receive: Receiver, random: Callable[[], float]) -> Receiver:
    """Return a receiver that drops a share of the batches.

    Args:
        receive: takes the others.
        random: returns a number from 0 to 1.
    """

    def receive_most(batch: bytes) -> None:
        if random() >= LOSS:
            receive(batch)

    return receive_most
