"""The directory in the memory of one process: no service needed, gone with the process."""

from collections.abc import Callable, Iterable

from server.directory import always
from server.memory_store import MemoryStore


class MemoryDirectory:
    """A `server.directory.Directory` for nodes that share a process."""

    def __init__(self, store: MemoryStore, node_id: str) -> None:
        self._store = store
        self._node_id = node_id

    async def register_node(self) -> None:
        """Enter this node; see `Directory.register_node`."""
        self._store.incarnations.add(self._node_id)

    async def add(self, user: str, channel_id: str) -> None:
        """Enter a channel; see `Directory.add`."""
        self._store.incarnations.add(self._node_id)
        self._store.channels.setdefault(user, {})[channel_id] = self._node_id

    async def add_all(self, channels: Iterable[tuple[str, str]]) -> None:
        """Enter many channels; see `Directory.add_all`."""
        for user, channel_id in channels:
            await self.add(user, channel_id)

    async def remove(self, user: str, channel_id: str, *, last: bool) -> None:
        """Remove a channel if it is this node's; see `Directory.remove`."""
        del last  # nothing is kept by node here
        if self._store.channels.get(user, {}).get(channel_id) == self._node_id:
            self._drop(user, [channel_id])

    async def lookup(self, users: Iterable[str]) -> list[dict[str, str]]:
        """Return each user's channels; see `Directory.lookup`."""
        return [dict(self._store.channels.get(user, {})) for user in users]

    async def is_registered(self) -> bool:
        """Tell whether this node is entered; see `Directory.is_registered`."""
        return self._node_id in self._store.incarnations

    async def incarnations(self) -> frozenset[str]:
        """Return what is not swept yet; see `Directory.incarnations`."""
        return frozenset(self._store.incarnations)

    async def sweep(self, node_id: str, still_dead: Callable[[], bool] = always) -> int:
        """Remove a dead incarnation's channels; see `Directory.sweep`."""
        if not still_dead():
            return 0
        found = [(user, self._channels_on(user, node_id)) for user in self._store.channels]
        for user, channel_ids in found:
            self._drop(user, channel_ids)
        self._store.incarnations.discard(node_id)
        return sum(len(channel_ids) for _, channel_ids in found)

    def _channels_on(self, user: str, node_id: str) -> list[str]:
        return [channel for channel, on in self._store.channels[user].items() if on == node_id]

    def _drop(self, user: str, channel_ids: Iterable[str]) -> None:
        channels = self._store.channels[user]
        for channel_id in channel_ids:
            del channels[channel_id]
        if not channels:
            del self._store.channels[user]
