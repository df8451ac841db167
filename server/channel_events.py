"""Where the channels of a node report to: it passes each event on to the part that it concerns."""

from contextlib import suppress

from cluster import frames
from cluster.codes import CloseCode
from cluster.errors import Unavailable
from cluster.frames import Connect
from server.acknowledgements import Acknowledgements
from server.caretaker import Caretaker
from server.channel import Channel
from server.hub import Hub
from server.leaves import Leaves
from server.login import Login
from server.presence import Presence
from server.rebalancer import Rebalancer
from server.replay import Replay
from server.router import Router
from server.stats import Stats
from server.tasks import Tasks


class ChannelEvents:
    """The node's side of `server.events.Events`."""

    def __init__(
        self,
        hub: Hub,
        router: Router,
        login: Login,
        leaves: Leaves,
        replay: Replay,
        acknowledgements: Acknowledgements,
        presence: Presence,
        caretaker: Caretaker,
        rebalancer: Rebalancer,
        tasks: Tasks,
        stats: Stats,
    ) -> None:
        self._hub = hub
        self._login = login
        self._leaves = leaves
        self._acknowledgements = acknowledgements
        self._presence = presence
        self._caretaker = caretaker
        self._rebalancer = rebalancer
        self._tasks = tasks
        self._stats = stats
        # The two that are on the hot path go straight to where they belong.
        self.submit = router.submit
        self.missing = replay.want

    def opened(self, channel: Channel) -> None:
        """See `server.events.Events`."""
        self._hub.opened(channel)
        self._caretaker.opened(channel)

    def connecting(self, channel: Channel, frame: Connect) -> None:
        """See `server.events.Events`."""
        self._caretaker.connecting(channel)
        if frame.moved:
            self._rebalancer.settle(channel)
        self._tasks.spawn(self._login.connect(channel, frame))

    def acknowledged(self, channel: Channel, offset: int) -> None:
        """See `server.events.Events`."""
        self._acknowledgements.note(channel, offset)

    def asked_presence(self, channel: Channel, user: str) -> None:
        """See `server.events.Events`."""
        self._tasks.spawn(self._answer_presence(channel, user))

    async def _answer_presence(self, channel: Channel, user: str) -> None:
        online: bool | None = None
        try:
            with suppress(Unavailable):
                online = bool(await self._presence.channels_of(user))
        finally:
            # Whatever happened: the client waits for it.
            channel.tell(frames.Presence(user=user, online=online))
            channel.done()

    def writable(self, channel: Channel, writable: bool) -> None:
        """See `server.events.Events`."""
        self._caretaker.writable(channel, writable)

    def ended(self, channel: Channel, code: int) -> None:
        """See `server.events.Events`."""
        if channel not in self._hub.channels:
            return
        self._hub.ended(channel)
        self._caretaker.ended(channel)
        self._rebalancer.ended(channel)
        self._stats.closes[_label(code)] += 1
        if channel.user:
            self._leaves.note(channel)
            self._acknowledgements.hurry()


def _label(code: int) -> str:
    """Return what a close counts as: a client may send any code, and each would be a metric."""
    known = code in set(CloseCode) or 1000 <= code <= 1015
    return str(int(code)) if known else "other"
