"""The order of what is sent again: no message overtakes an earlier one that failed. Pure.

A send that failed comes again from its client, and those behind it were on their way already. Were
they stored, the failed one would come after them, and its number would make it look like a
repetition of what is stored. So they are refused until it has come.
"""

from server.envelope import Envelope

# Sessions of one channel that may wait for a failed message; a client needs one.
MAX_SESSIONS = 16


class ResendOrder:
    """Which messages of one channel have to come again before others may pass."""

    __slots__ = ("_first",)

    def __init__(self) -> None:
        # Session → the number of its first message that failed and has not come again.
        self._first: dict[str, int] = {}

    def failed(self, envelope: Envelope) -> bool:
        """Note a message that failed; False if the channel has too many sessions that wait.

        One that is not durable has no place in the order, and nobody sends it again.
        """
        if envelope.durable:
            self._first.setdefault(envelope.session, envelope.number)
        return len(self._first) <= MAX_SESSIONS

    def overtakes(self, envelope: Envelope) -> bool:
        """Tell whether an earlier message of the same session has to come first."""
        if not self._first or not envelope.durable:
            return False
        return envelope.number > self._first.get(envelope.session, envelope.number)

    def came(self, envelope: Envelope) -> None:
        """Note that a message which may pass has come."""
        if self._first and self._first.get(envelope.session) == envelope.number:
            del self._first[envelope.session]
