"""Acknowledgements: cumulative, and merged so that few frames are needed.

Pure: the clock's value comes as an argument.
"""


class Acks:
    """What the application has handled, and what of it the node has been told."""

    def __init__(self, every: int = 64, interval: float = 0.2) -> None:
        """Acknowledge after `every` messages, or `interval` seconds after the first of them."""
        self._every = every
        self._interval = interval
        # The last offset handled; 0 for none.
        self._handled = 0
        # The last offset that this channel's node has been told.
        self._told = 0
        # Messages handled since then.
        self._count = 0
        # When the first of these was handled.
        self._since = 0.0

    def handled(self, offset: int, now: float) -> None:
        """Note that the application is done with everything up to `offset`."""
        if offset <= self._handled:
            return
        if self._count == 0:
            self._since = now
        self._handled = offset
        self._count += 1

    def wait(self, now: float) -> float | None:
        """Return the seconds until an ack is due, 0 if it is; None if there is nothing to say."""
        if self._handled == self._told:
            return None
        if self._count >= self._every:
            return 0.0
        return max(0.0, self._since + self._interval - now)

    def take(self) -> int | None:
        """Return the offset to acknowledge now, whether due or not; None for none."""
        if self._handled == self._told:
            return None
        self._told = self._handled
        self._count = 0
        return self._told

    def repeat(self) -> None:
        """Begin on a new channel: the last ack may not have arrived on the old one."""
        self._told = 0

    def restart(self) -> None:
        """Forget everything: offsets start anew."""
        self._handled = self._told = self._count = 0
