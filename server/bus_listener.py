"""The node's side of a bus: what batches and changes of state are handed to.

Every backend hands over through this, so that an error in the node never ends the broker's loop.
It may not know any broker.
"""

import logging
import time
from collections.abc import Callable

from server.bus import Receiver

_logger = logging.getLogger(__name__)

# Seconds between two lines about failing batches: one bad release must not fill a disk.
_LOG_INTERVAL = 10.0


class BusListener:
    """Hands batches and changes of state to a node and survives what the node raises."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # What the node gave to `open`; None before.
        self._receive: Receiver | None = None
        self._changed: Callable[[bool], None] | None = None
        # Whether the bus works; the last value that the node was told.
        self.connected = False
        # How many batches the node's receiver has raised an error for.
        self.receive_errors = 0
        # When the next line about such an error may be logged, on `clock`.
        self._quiet_until = float("-inf")

    def attach(self, receive: Receiver, changed: Callable[[bool], None]) -> None:
        """Take the node's callbacks, in place of those it gave before."""
        self._receive = receive
        self._changed = changed

    def deliver(self, batch: bytes) -> None:
        """Hand a batch over; what the receiver raises is logged and counted."""
        if self._receive is None:
            return
        try:
            self._receive(batch)
        except Exception:
            self._note_error(batch)

    def tell(self, connected: bool) -> None:
        """Note whether the bus works, and tell the node if that is new."""
        if connected == self.connected:
            return
        self.connected = connected
        if self._changed is None:
            return
        try:
            self._changed(connected)
        except Exception:
            _logger.exception("the node failed to take note that connected=%s", connected)

    def _note_error(self, batch: bytes) -> None:
        self.receive_errors += 1
        now = self._clock()
        if now >= self._quiet_until:
            self._quiet_until = now + _LOG_INTERVAL
            _logger.exception(
                "a batch of %d bytes could not be taken; %d so far, more of them stay unlogged "
                "for %.0f s",
                len(batch),
                self.receive_errors,
                _LOG_INTERVAL,
            )
