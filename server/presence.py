"""Presence: whether a user is connected, and where. What dead nodes left does not count."""

from cluster.snapshot import Snapshot
from server.directory import Directory


class Presence:
    """Answers from the directory, filtered by the living nodes."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        # The registry as last seen; set by the node. While it does not answer every node counts as
        # living, since nobody knows better.
        self.snapshot = Snapshot()

    async def channels_of(self, user: str) -> dict[str, str]:
        """Return channel_id → node_id of a user's channels on living nodes.

        Raises:
            ServiceUnavailable: the directory does not answer.
        """
        [channels] = await self._directory.lookup([user])
        if not self.snapshot.complete:
            return channels
        living = self.snapshot.node_ids()
        return {channel: node for channel, node in channels.items() if node in living}
