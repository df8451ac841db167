"""Acknowledgements: cumulative, soon, and merged so that few frames are needed.

Pure: the clock's value comes as an argument.
"""


class Acks:
    """What the application has handled, and what of it the node has been told.

    The first message handled after a pause is acknowledged at once; senders who want a receipt
    wait for that. While messages follow each other, one ack in `interval` seconds says it for all.
    """

    def __init__(self, every: int = 64, interval: float = 0.2) -> None:
        """Acknowledge once in `interval` seconds, or sooner after `every` messages."""
        self._every = every
        self._interval = interval
        # The last offset handled; 0 for none.
        self._handled = 0
        # The last offset that this channel's node has been told.
        self._told = 0
        # Messages handled since then.
        self._count = 0
        # From when on the node may be told again.
        self._due = 0.0

    def handled(self, offset: int) -> None:
        """Note that the application is done with everything up to `offset`."""
        if offset > self._handled:
            self._handled = offset
            self._count += 1

    def wait(self, now: float) -> float | None:
        """Return the seconds until an ack is due, 0 if it is; None if there is nothing to say."""
        if self._handled == self._told:
            return None
        if self._count >= self._every:
            return 0.0
        return max(0.0, self._due - now)

    def take(self, now: float) -> int | None:
        """Return the offset to acknowledge now, whether due or not; None for none."""
        if self._handled == self._told:
            return None
        self._told = self._handled
        self._count = 0
        self._due = now + self._interval
        return self._told

    def repeat(self) -> None:
        """Begin on a new channel: the last ack may not have arrived on the old one."""
        self._told = 0
        self._due = 0.0

    def restart(self) -> None:
        """Forget everything: offsets start anew."""
        self._handled = self._told = self._count = 0
