"""Sabotage: `--break-delivery` breaks what keeps messages from being lost, so that a test can fail.

A checker that has never found anything proves nothing. This is what `scripts/chaos` has to find.
"""

from collections.abc import Callable
from collections.abc import Sequence as Frames

from server.bus import Receiver
from server.sequence import Sequence

# The share of batches from the bus that are dropped.
LOSS = 0.01


class BrokenSequence(Sequence):
    """A sequence that passes over gaps as if nothing were missing."""

    __slots__ = ()

    def accept(self, offset: int, frame: bytes) -> Frames[bytes]:
        """Take a frame, and forget those before it that have not come."""
        self.note(offset)
        if offset < self.next or not self.next:
            return ()
        self.next = offset + 1
        return (frame,)


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
