"""Presence: whether a user is connected, and where. What dead nodes left does not count."""

from cluster.snapshot import Snapshot
from server.directory import Directory


async def present_channels(directory: Directory, snapshot: Snapshot, user: str) -> dict[str, str]:
    """Return channel_id → node_id of a user's channels on living nodes.

    While the snapshot is stale every node counts as living, since nobody knows better.

    Raises:
        ServiceUnavailable: the directory does not answer.
    """
    [channels] = await directory.lookup([user])
    if snapshot.stale:
        return channels
    living = snapshot.node_ids()
    return {channel: node for channel, node in channels.items() if node in living}
