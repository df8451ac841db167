"""The pulse: a tiny message that a node sends to its own queue to see that the way is open.

It passes the connection that publishes, the broker, the queue and the connection that consumes; so
it notices an alarm in the broker, a network that swallows everything and a queue that lags, also
while there is nothing else to send. Pure: it says what to send and when, and may not send itself.
"""


class Pulse:
    """One beat on its way at a time; another only when it came back or seems to be lost."""

    def __init__(self, interval: float, lag_limit: float) -> None:
        """Set the pace.

        Args:
            interval: seconds between two beats while they come back.
            lag_limit: seconds to wait for a beat before another is sent after it.
        """
        self._interval = interval
        self._lag_limit = lag_limit
        # The number of the last beat, and when it was sent.
        self._last = 0
        self._sent = float("-inf")
        # When each beat that has not come back was sent, oldest first.
        self._away: dict[bytes, float] = {}
        # Whether any beat has ever come back.
        self.proven = False

    def due(self, now: float) -> bytes | None:
        """Return the beat that has to be sent now; None if none has to."""
        if now - self._sent < (self._lag_limit if self._away else self._interval):
            return None
        self._last += 1
        self._sent = now
        beat = b"%d" % self._last
        self._away[beat] = now
        return beat

    def heard(self, beat: bytes) -> bool:
        """Take note of a beat that came back; False if it is none that is on its way.

        Those sent before it are given up: the queue keeps the order, so they were lost.
        """
        if beat not in self._away:
            return False
        for earlier in list(self._away):
            del self._away[earlier]
            if earlier == beat:
                break
        self.proven = True
        return True

    def lag(self, now: float) -> float:
        """Return for how many seconds the oldest beat has been away; 0 if none is."""
        for sent in self._away.values():
            return now - sent
        return 0.0
