"""The watch over the clients: notes their latencies, reconnects and gaps. No I/O."""

from __future__ import annotations

from collections.abc import Callable

from client_sdk import Event, Happening, Message
from scripts.rolling_lib.gaps import Gaps
from scripts.rolling_lib.latencies import Latencies
from scripts.trial_lib.ledger import Entry
from scripts.trial_lib.user import User


class Watch:
    """What has been seen of all clients since the begin."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Watch nothing yet.

        Args:
            clock: seconds since the begin.
        """
        self._clock = clock
        # Whether it has begun: that clients connect before is no reconnect.
        self._begun = False
        self.latencies = Latencies()
        self.gaps = Gaps()
        # When a client had a new channel, in the order in which it happened.
        self.reconnects: list[float] = []

    def begin(self) -> None:
        """Note what happens from now on; every client is connected."""
        self._begun = True

    def delivered(self, _recipient: str, _message: Message, entry: Entry) -> None:
        """Note a message that has arrived."""
        self.latencies.note(entry.sent, self._clock())

    def noticed(self, user: User, event: Event) -> None:
        """Note an event of a client."""
        if not self._begun:
            return
        if event.what is Happening.CONNECTED:
            self.reconnects.append(self._clock())
            self.gaps.found(user.name, self._clock())
        elif event.what is Happening.DISCONNECTED:
            self.gaps.lost(user.name, self._clock())
