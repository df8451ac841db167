"""A look at one user's keys in Redis, for people. It writes nothing, and no node is asked."""

import asyncio
from typing import Any

import msgspec

from server.redis_errors import CommandFailed
from server.redis_keys import RedisKeys
from server.redis_stream import RedisStream


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One message in an inbox.

    Attributes:
        offset: its place.
        sender: who sent it.
        id: the id that the sender gave it.
        time: when a node took it, in seconds since 1970.
        size: of its body, in bytes.
        body: any JSON, as it was sent; None if it was not asked for.
    """

    offset: int
    sender: str
    id: str
    time: float
    size: int
    body: msgspec.Raw | None = None


class UserLook(msgspec.Struct, frozen=True, kw_only=True):
    """What the store holds of one user.

    Attributes:
        user: who.
        head: the last offset; 0 if nobody ever wrote.
        oldest: the first offset that can still be read; None if the inbox is empty.
        kept: how many messages the inbox holds.
        kept_bytes: what the inbox takes in Redis, as Redis estimates it; None if it does not tell.
        acked: the last offset that any device has acknowledged.
        cursors: device → the last offset that it has acknowledged, or was connected at first with.
        channels: channel_id → node_id.
        page: the first of the messages that the device furthest behind has not acknowledged.
    """

    user: str
    head: int
    oldest: int | None
    kept: int
    kept_bytes: int | None
    acked: int
    cursors: dict[str, int]
    channels: dict[str, str]
    page: tuple[Waiting, ...]

    def waiting_for(self, cursor: int) -> int:
        """Return how many messages wait for a device with this cursor."""
        oldest = self.head + 1 if self.oldest is None else self.oldest
        return max(0, self.head - max(cursor, oldest - 1))

    @property
    def waiting(self) -> int:
        """How many wait for some device, or for the first one to connect."""
        return self.waiting_for(min(self.cursors.values(), default=0))


class _Tail(msgspec.Struct, rename={"sender": "from"}):
    """What stands in the inbox: a `message` frame without its beginning."""

    sender: str
    id: str
    time: float
    body: msgspec.Raw


_tails = msgspec.json.Decoder(_Tail)


async def look_at_user(
    stream: RedisStream, cluster: str, user: str, *, messages: int, bodies: bool
) -> UserLook:
    """Read what the store holds of a user; its parts a moment apart.

    Args:
        stream: an open connection.
        cluster: the cluster's name.
        user: who.
        messages: how many messages to show at most.
        bodies: whether to show what is in them.

    Raises:
        ServiceUnavailable: the store does not answer.
        CommandFailed: it refuses to tell.
    """
    keys = RedisKeys(cluster)
    inbox = keys.inbox(user)
    head, acked, cursors, channels, kept, first, used = await asyncio.gather(
        stream.call("GET", keys.head(user)),
        stream.call("GET", keys.acked(user)),
        stream.call("HGETALL", keys.cursors(user)),
        stream.call("HGETALL", keys.channels(user)),
        stream.call("XLEN", inbox),
        stream.call("XRANGE", inbox, "-", "+", "COUNT", 1),
        _memory(stream, inbox),
    )
    devices = {device: int(cursor) for device, cursor in _pairs(cursors).items()}
    after = min(devices.values(), default=0)
    page = await _page(stream, inbox, after, messages, bodies) if messages else ()
    return UserLook(
        user=user,
        head=int(head or 0),
        oldest=_offset(first[0]) if first else None,
        kept=kept,
        kept_bytes=used,
        acked=int(acked or 0),
        cursors=devices,
        channels=_pairs(channels),
        page=page,
    )


async def _memory(stream: RedisStream, key: str) -> int | None:
    """Return what a key takes; None if it is not there, or the account may not ask."""
    try:
        used = await stream.call("MEMORY", "USAGE", key)
    except CommandFailed:
        return None
    return None if used is None else int(used)


async def _page(
    stream: RedisStream, inbox: str, after: int, count: int, bodies: bool
) -> tuple[Waiting, ...]:
    entries = await stream.call("XRANGE", inbox, f"{after + 1}-0", "+", "COUNT", count)
    return tuple(_waiting(entry, bodies) for entry in entries)


def _waiting(entry: Any, bodies: bool) -> Waiting:
    tail = _tails.decode(b"{" + entry[1][1])
    return Waiting(
        offset=_offset(entry),
        sender=tail.sender,
        id=tail.id,
        time=tail.time,
        size=len(tail.body),
        body=tail.body if bodies else None,
    )


def _offset(entry: Any) -> int:
    return int(entry[0].partition(b"-")[0])


def _pairs(reply: list[bytes]) -> dict[str, str]:
    """Return the fields of a hash."""
    texts = [each.decode() for each in reply]
    return dict(zip(texts[::2], texts[1::2], strict=True))
