"""The welcome: the `connected` frame, which tells a client where its messages go on."""

from cluster.codes import CloseCode
from cluster.errors import Unavailable
from cluster.frames import Connected
from server.channel import Channel
from server.degradation import Degradation
from server.inbox import Inbox


class Welcome:
    """Makes `connected` frames: when a client connects, and again when it has to begin anew."""

    def __init__(
        self, node_id: str, inbox: Inbox, degradation: Degradation, heartbeat: float
    ) -> None:
        self._node_id = node_id
        self._degradation = degradation
        self._inbox = inbox
        self._heartbeat = heartbeat

    def say(self, channel: Channel, epoch: str, after: int, *, recovered: bool) -> None:
        """Tell a client where it stands: the next message is the one behind offset `after`."""
        frame = Connected(
            channel=channel.id,
            node=self._node_id,
            epoch=epoch,
            offset=after,
            recovered=recovered,
            heartbeat=self._heartbeat,
        )
        channel.epoch = epoch
        channel.tell(frame)
        if self._degradation.reasons:
            channel.tell(self._degradation.frame())

    def skip(self, channel: Channel, after: int) -> None:
        """Have a channel go on behind offset `after`: the inbox no longer holds what is before."""
        channel.sequence.begin(after, channel.sequence.head)
        self.say(channel, channel.epoch, after, recovered=False)
        channel.note(after)

    async def begin_anew(self, channel: Channel) -> None:
        """Have a channel begin with the oldest message of the store's new epoch.

        Its sequence has been told to forget the old one: it gets nothing until this succeeds.

        Raises:
            Unavailable: the store does not answer.
        """
        epoch = self._inbox.epoch
        if channel.epoch == epoch or not channel.open:
            return
        try:
            position = await self._inbox.position(channel.user, channel.device, 0)
        except Unavailable:
            raise
        except Exception:
            channel.close(CloseCode.UNAVAILABLE, "the store failed")
            raise
        after = position.oldest - 1
        channel.sequence.begin(after, position.head)
        self.say(channel, epoch, after, recovered=False)
        channel.note(position.head)
