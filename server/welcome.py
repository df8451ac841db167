"""The welcome: the `connected` frame, which tells a client where its messages go on."""

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

    async def say_again(self, channel: Channel) -> None:
        """Have a channel begin anew with the oldest message that there is.

        For a channel whose next message is gone, by retention or because the store was replaced.

        Raises:
            Unavailable: the store does not answer; nothing has changed.
        """
        epoch = self._inbox.epoch
        position = await self._inbox.position(channel.user, channel.device, 0)
        after = position.oldest - 1
        channel.sequence.restart(after, position.head)
        self.say(channel, epoch, after, recovered=False)
        channel.note(position.head)
