"""The caretaker: once a second it looks after channels that are late, silent or not reading."""

import asyncio
import logging
from collections.abc import Callable

from cluster.codes import CloseCode
from server.channel import Channel
from server.keepalive import KeepAlive
from server.stats import Stats

_log = logging.getLogger(__name__)

# Seconds between two rounds, and so how late it may notice something.
INTERVAL = 1.0


class Caretaker:
    """Ends what does not go on: clients that never connect, are gone, or do not read."""

    def __init__(
        self,
        keepalive: KeepAlive[Channel],
        stats: Stats,
        *,
        connect_timeout: float,
        slow_timeout: float,
        clock: Callable[[], float],
    ) -> None:
        """Make a caretaker without charges.

        Args:
            keepalive: finds who is silent.
            stats: where it counts.
            connect_timeout: seconds that a client may take to send its `connect` frame.
            slow_timeout: seconds that a client may go on not reading.
            clock: monotonic time in seconds.
        """
        self._keepalive = keepalive
        self._stats = stats
        self._connect_timeout = connect_timeout
        self._slow_timeout = slow_timeout
        self._clock = clock
        # Channels without a `connect` frame, with the time by which it has to come; the time is
        # the same for all, so the first one is always the next one due.
        self._connecting: dict[Channel, float] = {}
        # Channels that do not read, with the time by which they have to have caught up.
        self._slow: dict[Channel, float] = {}

    def opened(self, channel: Channel) -> None:
        """Begin to look after a channel."""
        self._keepalive.add(channel)
        self._connecting[channel] = self._clock() + self._connect_timeout

    def connecting(self, channel: Channel) -> None:
        """The `connect` frame has come."""
        self._connecting.pop(channel, None)

    def writable(self, channel: Channel, writable: bool) -> None:
        """The client has stopped reading, or has caught up."""
        if writable:
            self._slow.pop(channel, None)
        else:
            self._slow.setdefault(channel, self._clock() + self._slow_timeout)

    def ended(self, channel: Channel) -> None:
        """Forget a channel."""
        self._keepalive.discard(channel)
        self._connecting.pop(channel, None)
        self._slow.pop(channel, None)

    async def run(self) -> None:
        """Make a round every second, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            self.round()

    def round(self) -> None:
        """Look at every channel that is due."""
        now = self._clock()
        for channel in _due(self._connecting, now):
            channel.close(CloseCode.CONNECT_TIMEOUT, "no connect frame came")
        for channel in _due(self._slow, now):
            self._stats.slow += 1
            _log.warning("cut off %r at %s: it does not read", channel.user, channel.peer)
            channel.abort(CloseCode.TOO_SLOW)
        silent, dead = self._keepalive.due(now)
        for channel in silent:
            channel.ping()
        for channel in dead:
            if channel.paused and channel.writable:
                # It is we who do not listen, until its messages are stored.
                channel.heard = now
                self._keepalive.add(channel)
            else:
                channel.abort(CloseCode.HEARTBEAT_MISSED)


def _due(deadlines: dict[Channel, float], now: float) -> list[Channel]:
    """Take out those whose time is over."""
    due = [channel for channel, deadline in deadlines.items() if deadline <= now]
    for channel in due:
        del deadlines[channel]
    return due
