"""The window: which publishes the broker has not confirmed yet, and since when.

Pure: numbers and times in, numbers and times out.
"""

from collections import OrderedDict


class ConfirmWindow:
    """Counts the publishes of one channel as the broker does, from 1, and ticks them off.

    Confirms may come in any order, one by one or for all up to a number.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # The number of the last publish.
        self._last = 0
        # When each unconfirmed publish was made, by its number, oldest first. An OrderedDict,
        # since a plain dict gets slow at its front when that is where things are removed.
        self._since: OrderedDict[int, float] = OrderedDict()

    def __len__(self) -> int:
        """Return how many are unconfirmed."""
        return len(self._since)

    @property
    def full(self) -> bool:
        """Whether the next publish has to be refused."""
        return len(self._since) >= self._limit

    def published(self, now: float) -> None:
        """Note a publish."""
        self._last += 1
        self._since[self._last] = now

    def confirmed(self, number: int, up_to: bool) -> None:
        """Note the confirm of one publish, or of all `up_to` this one; unknown ones are ignored."""
        since = self._since
        if not up_to:
            since.pop(number, None)
            return
        while since and next(iter(since)) <= number:
            since.popitem(last=False)

    def age(self, now: float) -> float:
        """Return for how many seconds the oldest has been waiting; 0 if none is."""
        for since in self._since.values():
            return now - since
        return 0.0
