"""The order of one channel's messages: each offset once, in order, whatever the bus did. Pure.

offset == next   the frame goes out, and with it those that were waiting behind it
offset <  next   it has gone out before: dropped
offset >  next   something is missing: the frame waits a moment, in case the missing one is
                 only late; `missing` says up to where the inbox has to be read
"""

from collections.abc import Sequence as Frames

# Frames that may wait for a late one. More is a sign of a real gap, which the inbox fills.
MAX_WAITING = 64


class Sequence:
    """Where a channel stands. It starts closed: nothing passes before `begin`."""

    __slots__ = ("begun", "head", "next", "waiting")

    def __init__(self) -> None:
        # The offset that goes out next; 0 until `begin`.
        self.next = 0
        # The largest offset that is known to exist for this user.
        self.head = 0
        # The head when it began: what is not larger was in the inbox before this channel.
        self.begun = 0
        # Frames that came too early, by offset.
        self.waiting: dict[int, bytes] = {}

    def begin(self, after: int, head: int) -> None:
        """Start, or start anew, behind offset `after` in an inbox whose last offset is `head`."""
        self.next = after + 1
        self.head = max(head, self.head)
        self.begun = head
        self.waiting.clear()

    def forget(self) -> None:
        """Close, until `begin`: what was known says nothing any more, in a new epoch."""
        self.next = self.head = 0
        self.waiting.clear()

    @property
    def missing(self) -> bool:
        """Whether there is something that has not gone out."""
        return 0 < self.next <= self.head

    def accept(self, offset: int, frame: bytes) -> Frames[bytes]:
        """Take a frame; return those that may go out now, in order."""
        if offset > self.head:
            self.head = offset
        if offset != self.next:
            if offset > self.next > 0 and len(self.waiting) < MAX_WAITING:
                self.waiting[offset] = frame
            return ()
        self.next += 1
        if not self.waiting:
            return (frame,)
        out = [frame]
        while (late := self.waiting.pop(self.next, None)) is not None:
            out.append(late)
            self.next += 1
        if self.waiting and self.next > min(self.waiting):
            self.waiting = {o: f for o, f in self.waiting.items() if o > self.next}
        return out

    def note(self, offset: int) -> None:
        """Learn that an offset exists, without having its frame."""
        if offset > self.head:
            self.head = offset
