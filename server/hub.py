"""The hub: the channels that are open on this node, by user. Sockets live here and nowhere else."""

import asyncio
from collections.abc import Callable
from typing import Any

from cluster.frames import NodeFrame, encode
from server.channel import Channel
from server.journal import Journal
from server.wire import text_frame

# How many channels are told something at once, and seconds before the next ones.
TELL_CHUNK = 500
TELL_PAUSE = 0.01


class Hub:
    """The channels of this node, and the way to all channels of a user."""

    def __init__(
        self, call_soon: Callable[[Callable[[], None]], Any], journal: Journal | None = None
    ) -> None:
        """Make an empty hub.

        Args:
            call_soon: runs a function when the event loop has done what is due now.
            journal: where it notes which channels come and go; None for nowhere.
        """
        self._call_soon = call_soon
        self._journal = journal or Journal(0)
        # Every open WebSocket, those whose client has yet to say who it is among them.
        self.channels: set[Channel] = set()
        # Set while there are none.
        self.empty = asyncio.Event()
        self.empty.set()
        # The connected channels of each user; never an empty list.
        self.users: dict[str, list[Channel]] = {}
        # Channels that have something to write; a flush is on its way if there are any.
        self._dirty: list[Channel] = []

    def opened(self, channel: Channel) -> None:
        """Enter an open WebSocket."""
        self.channels.add(channel)
        self.empty.clear()

    def ended(self, channel: Channel) -> None:
        """Forget a WebSocket that is gone."""
        self.channels.discard(channel)
        if not self.channels:
            self.empty.set()

    def add(self, channel: Channel) -> None:
        """Enter a channel under its user."""
        self.users.setdefault(channel.user, []).append(channel)
        self._journal.came(channel.user, channel.device, channel.id)

    def remove(self, channel: Channel) -> bool:
        """Take a channel out; True if it was the user's last one on this node."""
        channels = self.users.get(channel.user)
        if channels is None or channel not in channels:
            return False
        channels.remove(channel)
        self._journal.left(channel.user, channel.device, channel.id)
        if not channels:
            del self.users[channel.user]
        return not channels

    def deliver(self, user: str, offset: int, payload: bytes) -> None:
        """Hand a message to every channel of a user.

        Args:
            user: the recipient.
            offset: its place in the inbox, or `server.batch.NOT_STORED`.
            payload: the whole `message` frame; empty to have the channels look up to `offset`.
        """
        channels = self.users.get(user)
        if channels is None:
            return
        if not payload:
            for channel in channels:
                channel.note(offset)
            return
        frame = text_frame(payload)
        for channel in channels:
            channel.deliver(offset, frame)

    async def tell_all(self, frame: NodeFrame) -> None:
        """Send a frame to every connected channel, without holding up their messages."""
        data = text_frame(encode(frame))
        channels = tuple(self.channels)
        for start in range(0, len(channels), TELL_CHUNK):
            for channel in channels[start : start + TELL_CHUNK]:
                if channel.epoch:
                    channel.push(data)
            await asyncio.sleep(TELL_PAUSE)

    def mark_dirty(self, channel: Channel) -> None:
        """Have a channel flushed soon: what is pushed until then goes out in one write."""
        if not self._dirty:
            self._call_soon(self._flush)
        self._dirty.append(channel)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for channel in dirty:
            channel.flush()
