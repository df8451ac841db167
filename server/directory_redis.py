"""The directory in Redis, shared by all nodes of a cluster."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from server.directory import always
from server.redis_errors import CommandFailed
from server.redis_keys import RedisKeys
from server.redis_scripts import script_text
from server.redis_stream import RedisStream

_log = logging.getLogger(__name__)

# How many users are entered, or swept, before the next calls of others get their turn.
_CHUNK = 500


class RedisDirectory:
    """A `server.directory.Directory` that all nodes of a cluster share.

    A user is written to the node's set before the channel is entered, and taken from it after the
    channel has gone: a connection that is cut in between may leave a name too many in the set,
    which the sweep passes over, but never a channel that no sweep would find.
    """

    def __init__(self, stream: RedisStream, cluster: str, node_id: str) -> None:
        self._stream = stream
        self._keys = RedisKeys(cluster)
        self._node_id = node_id
        self._own_users = self._keys.node(node_id)
        self._remove = stream.register_script(script_text("remove"))
        self._sweep = stream.register_script(script_text("sweep"))
        self._when_full = stream.register_script(script_text("when_full"))

    async def register_node(self) -> None:
        """Enter this node; see `Directory.register_node`."""
        await self._write("SADD", self._keys.nodes, self._node_id)

    async def add(self, user: str, channel_id: str) -> None:
        """Enter a channel, with three commands in one write; see `Directory.add`."""
        await self._add_chunk([(user, channel_id)])

    async def add_all(self, channels: Iterable[tuple[str, str]]) -> None:
        """Enter many channels; see `Directory.add_all`."""
        rest = iter(channels)
        while chunk := list(islice(rest, _CHUNK)):
            try:
                await self._add_chunk(chunk)
            except CommandFailed as exc:
                # All commands of the chunk were given; one key that nobody can use stops no other.
                _log.error("a channel could not be entered: %s", exc)

    async def remove(self, user: str, channel_id: str, *, last: bool) -> None:
        """Remove a channel if it is this node's; see `Directory.remove`."""
        calls = [self._remove.call((self._keys.channels(user),), (channel_id, self._node_id))]
        if last:
            calls.append(self._stream.call("SREM", self._own_users, user))
        await asyncio.gather(*calls)

    async def lookup(self, users: Iterable[str]) -> list[dict[str, str]]:
        """Return each user's channels; see `Directory.lookup`."""
        replies = await asyncio.gather(
            *(self._stream.call("HGETALL", self._keys.channels(user)) for user in users)
        )
        return [_channels(reply) for reply in replies]

    async def is_registered(self) -> bool:
        """Tell whether this node is entered; see `Directory.is_registered`."""
        return bool(await self._stream.call("SISMEMBER", self._keys.nodes, self._node_id))

    async def incarnations(self) -> frozenset[str]:
        """Return what is not swept yet; see `Directory.incarnations`."""
        found = await self._stream.call("SMEMBERS", self._keys.nodes)
        return frozenset(node_id.decode() for node_id in found)

    async def sweep(self, node_id: str, still_dead: Callable[[], bool] = always) -> int:
        """Remove a dead incarnation's channels; see `Directory.sweep`.

        What was done before a failure stays done, and the rest is still to be found by the next
        sweep: a user leaves the node's set, and the node the set of nodes, only afterwards. A node
        that is alive after all finds itself missing there, and enters everything anew.
        """
        removed = 0
        key = self._keys.node(node_id)
        while still_dead():
            users = await self._stream.call("SRANDMEMBER", key, _CHUNK)
            if not users:
                await self._stream.call("SREM", self._keys.nodes, node_id)
                break
            removed += await self._sweep_users(node_id, [user.decode() for user in users])
            await self._stream.call("SREM", key, *users)
        return removed

    async def _add_chunk(self, channels: list[tuple[str, str]]) -> None:
        # The node itself as well: if it has been swept, no sweep would look for the channel.
        calls = [
            self._write("SADD", self._keys.nodes, self._node_id),
            self._write("SADD", self._own_users, *(user for user, _ in channels)),
        ]
        for user, channel_id in channels:
            calls.append(self._write("HSET", self._keys.channels(user), channel_id, self._node_id))
        await asyncio.gather(*calls)

    def _write(self, command: str, key: str, *arguments: str) -> "asyncio.Future[Any]":
        """Give a command that adds something, and succeeds also while the store is full."""
        return self._when_full.call((key,), (command, *arguments))

    async def _sweep_users(self, node_id: str, users: list[str]) -> int:
        results = await asyncio.gather(
            *(self._sweep.call((self._keys.channels(user),), (node_id,)) for user in users),
            return_exceptions=True,
        )
        removed = 0
        for result in results:
            if isinstance(result, CommandFailed):
                _log.error("a user's channels could not be swept: %s", result)
            elif isinstance(result, BaseException):
                raise result
            else:
                removed += result
        return removed


def _channels(reply: list[bytes]) -> dict[str, str]:
    """Read HGETALL's reply: names and values in turn."""
    words = [word.decode() for word in reply]
    return dict(zip(words[::2], words[1::2], strict=True))
