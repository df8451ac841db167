"""The inflow: which of the messages that arrive are new, and from where to resume.

Pure: no I/O, no queue. Offsets count 1, 2, 3 … without holes within an epoch, so

    offset == last + 1   it is the next one
    offset <= last       it was here before
    offset >  last + 1   something is missing: resume behind `last` on a new channel

While the application's queue is full nothing more is accepted; what was refused comes again from
the inbox when the client resumes.
"""

from enum import Enum, auto
from typing import NamedTuple


class Verdict(Enum):
    """What to do with a message."""

    # Hand it to the application.
    NEW = auto()
    # Drop it: it was here before, or it will come again after the client has resumed.
    DROP = auto()
    # Resume: something before it is missing.
    HOLE = auto()


class Position(NamedTuple):
    """How far a device has got.

    Attributes:
        epoch: what `offset` is counted in; None if it is not known.
        offset: the last one that it has; None to go by the cursor that the inbox keeps.
    """

    epoch: str | None = None
    offset: int | None = None


class Inflow:
    """Where a client's stream of messages stands."""

    def __init__(self, start: Position) -> None:
        # The last offset accepted, and its epoch.
        self.position = start
        # Grows whenever offsets start anew, so that old ones are not taken for new ones.
        self.generation = 0
        # True from the first message for which there was no room, until the client has resumed.
        self.refusing = False
        # Whether everything that was missing at the last resume could be replayed.
        self.recovered = True

    def resume(self, asked: Position, epoch: str, offset: int, recovered: bool) -> None:
        """Take the node's answer to `connect`.

        Args:
            asked: the position that the `connect` frame named. Another channel may have brought
                more since.
            epoch: the node's epoch.
            offset: where its replay starts.
            recovered: whether it can replay everything behind `asked`.
        """
        self.refusing = False
        last = self.position.offset
        # A store that lost its latest writes gives their offsets out again, in the same epoch.
        shrunk = epoch == asked.epoch and asked.offset is not None and offset < asked.offset
        if last is not None and epoch == self.position.epoch and not shrunk:
            self.recovered = recovered or offset <= last
            self.position = Position(epoch, max(last, offset))
            return
        self.recovered = recovered
        self.generation += last is not None
        self.position = Position(epoch, offset)

    def judge(self, offset: int | None, *, room: bool = True) -> Verdict:
        """Say what to do with a message, and count it if it is new.

        Args:
            offset: None for one that was not stored: it has no place in the order.
            room: whether the application's queue can take one more. If not, a stored message and
                all behind it are left to the next resume.
        """
        if offset is None:
            return Verdict.NEW if room else Verdict.DROP
        last = self.position.offset or 0
        if self.refusing or offset <= last:
            return Verdict.DROP
        if offset > last + 1:
            return Verdict.HOLE
        if not room:
            self.refusing = True
            return Verdict.DROP
        self.position = Position(self.position.epoch, offset)
        return Verdict.NEW
