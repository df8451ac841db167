"""Leaves: channels that have ended are taken out of the directory, even if it is away just then."""

import asyncio

from cluster.errors import Unavailable
from server.channel import Channel
from server.directory import Directory
from server.hub import Hub
from server.tasks import gather_each

# Channels that are taken out in one go: a node's clients may all leave at once.
CHUNK = 500

# Seconds before another attempt while the directory is away.
RETRY = 0.5


class Leaves:
    """The channels that have ended and may still stand in the directory.

    One that stayed there would make its user look online for as long as this node lives.
    """

    def __init__(self, hub: Hub, directory: Directory) -> None:
        self._hub = hub
        self._directory = directory
        # (user, channel_id) of those to be taken out.
        self._waiting: dict[tuple[str, str], None] = {}
        self._wake = asyncio.Event()

    def note(self, channel: Channel) -> None:
        """Take a channel that has ended, or failed to connect."""
        self._hub.remove(channel)
        if channel.id:
            self._waiting[channel.user, channel.id] = None
            self._wake.set()

    async def run(self) -> None:
        """Take them out, round after round, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                try:
                    await self._round(list(self._waiting)[:CHUNK])
                except Unavailable:
                    await asyncio.sleep(RETRY)

    async def _round(self, some: list[tuple[str, str]]) -> None:
        users = self._hub.users
        await gather_each(
            self._directory.remove(user, channel_id, last=user not in users)
            for user, channel_id in some
        )
        for key in some:
            del self._waiting[key]
