"""Where the channels of a node report to: it passes each event on to the part that it concerns."""

from contextlib import suppress
from typing import TYPE_CHECKING

from cluster import frames
from cluster.codes import CloseCode
from cluster.errors import Unavailable
from cluster.frames import Connect
from server.channel import Channel

if TYPE_CHECKING:
    from server.parts import Parts


class ChannelEvents:
    """The node's side of `server.events.Events`."""

    def __init__(self, parts: "Parts") -> None:
        """Make what channels report to, when all other parts are there."""
        self._parts = parts
        # The two that are on the hot path go straight to where they belong.
        self.submit = parts.router.submit
        self.missing = parts.replay.want

    def opened(self, channel: Channel) -> None:
        """See `server.events.Events`."""
        self._parts.hub.opened(channel)
        self._parts.caretaker.opened(channel)

    def connecting(self, channel: Channel, frame: Connect) -> None:
        """See `server.events.Events`."""
        self._parts.caretaker.connecting(channel)
        if frame.moved:
            self._parts.rebalancer.settle(channel)
        self._parts.tasks.spawn(self._parts.login.connect(channel, frame))

    def acknowledged(self, channel: Channel, offset: int) -> None:
        """See `server.events.Events`."""
        self._parts.acknowledgements.note(channel, offset)

    def asked_presence(self, channel: Channel, user: str) -> None:
        """See `server.events.Events`."""
        self._parts.tasks.spawn(self._answer_presence(channel, user))

    async def _answer_presence(self, channel: Channel, user: str) -> None:
        online: bool | None = None
        try:
            with suppress(Unavailable):
                online = bool(await self._parts.presence.channels_of(user))
        finally:
            # Whatever happened: the client waits for it.
            channel.tell(frames.Presence(user=user, online=online))
            channel.done()

    def writable(self, channel: Channel, writable: bool) -> None:
        """See `server.events.Events`."""
        self._parts.caretaker.writable(channel, writable)

    def ended(self, channel: Channel, code: int) -> None:
        """See `server.events.Events`."""
        parts = self._parts
        if channel not in parts.hub.channels:
            return
        parts.hub.ended(channel)
        parts.caretaker.ended(channel)
        parts.rebalancer.ended(channel)
        parts.stats.closes[_label(code)] += 1
        if channel.user:
            parts.leaves.note(channel)
            parts.acknowledgements.hurry()


def _label(code: int) -> str:
    """Return what a close counts as: a client may send any code, and each would be a metric."""
    known = code in set(CloseCode) or 1000 <= code <= 1015
    return str(int(code)) if known else "other"
