"""The names of all keys of a cluster; `docs/data-model.md` says what they hold. Pure.

What belongs to one user is hash-tagged by the user, so it lies in one slot of a Redis Cluster.
"""


class RedisKeys:
    """The keys of one cluster."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self.epoch = f"{cluster}:epoch"
        self.nodes = f"{cluster}:nodes"
        self.alarms = f"{cluster}:alarms"

    def channels(self, user: str) -> str:
        """Hash: channel_id → node_id."""
        return f"{self._cluster}:{{{user}}}:channels"

    def head(self, user: str) -> str:
        """String: the last offset. Scripts derive `inbox`, `cursors` and `producers` from it."""
        return f"{self._cluster}:{{{user}}}:head"

    def inbox(self, user: str) -> str:
        """Stream: the messages that are kept."""
        return f"{self._cluster}:{{{user}}}:inbox"

    def cursors(self, user: str) -> str:
        """Hash: device → last acknowledged offset."""
        return f"{self._cluster}:{{{user}}}:cursors"

    def acked(self, user: str) -> str:
        """String: the last offset that any device has acknowledged."""
        return f"{self._cluster}:{{{user}}}:acked"

    def producers(self, user: str) -> str:
        """Hash: sender's session → what it stored last."""
        return f"{self._cluster}:{{{user}}}:producers"

    def node(self, node_id: str) -> str:
        """Set: users with a channel on this incarnation."""
        return f"{self._cluster}:node:{node_id}"
