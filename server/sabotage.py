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

# Frames that wait for a late one. What stands still for long overtakes by more than one, and that
# is no loss.
MAX_LATE = 8

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
        """Take a frame, and forget those that have not come before too many others."""
        if offset < self.next or not self.next:
            self.note(offset)
            return ()
        self.waiting[offset] = frame
        out = self._ready()
        if len(self.waiting) > MAX_LATE:
            self.next = min(self.waiting)
            out = [*out, self._go_on_behind(self.next - 1), *self._ready()]
        return out

    def _ready(self) -> list[bytes]:
        """Take out what is next, and say of nothing behind it that it exists."""
        out = []
        while (frame := self.waiting.pop(self.next, None)) is not None:
            out.append(frame)
            self.next += 1
        self.note(self.next - 1)
        return out


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
