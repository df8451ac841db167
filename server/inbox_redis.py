"""The inboxes in Redis. All rules about them are in `lua/`; this calls the scripts."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import uuid4

from cluster.errors import EpochChanged
from server.envelope import Envelope
from server.inbox import Position, Retention, Stored
from server.inbox_limits import InboxLimits
from server.producers import producer_key
from server.redis_connection import Argument
from server.redis_errors import CommandFailed
from server.redis_keys import RedisKeys
from server.redis_scripts import script_text
from server.redis_stream import RedisStream

# How many numbers are asked for in one command.
_CHUNK = 500
# After how many bytes a read ends. Many channels are read for at once, over the connection that
# everything else waits for: with the largest messages all of it still takes milliseconds.
_READ_BYTES = 256 * 1024
# What scripts add to the age when they set an inbox's expiry, so as not to set it every time.
_EXPIRY_SLACK = 60.0


class RedisInbox:
    """A `server.inbox.Inbox` that all nodes of a cluster share."""

    def __init__(
        self,
        stream: RedisStream,
        cluster: str,
        retention: Retention | None = None,
        limits: InboxLimits | None = None,
    ) -> None:
        self._stream = stream
        self._keys = RedisKeys(cluster)
        self._retention = retention or Retention()
        self._limits = limits or InboxLimits()
        self._append = stream.register_script(script_text("append"))
        self._position = stream.register_script(script_text("position"))
        self._read = stream.register_script(script_text("read"))
        self._raise_head = stream.register_script(script_text("raise_head"))
        self._acknowledge = stream.register_script(script_text("acknowledge"))
        self._when_full = stream.register_script(script_text("when_full"))
        # The arguments of `append.lua` that are the same for every batch, but for the epoch.
        self._bounds: tuple[Argument, ...] = (
            self._retention.count,
            int((self._retention.age + _EXPIRY_SLACK) * 1000),
            self._limits.session_age,
            self._limits.sessions,
            self._limits.kept_sessions,
        )
        # The epoch that this object works in; set by `open`.
        self._epoch = ""

    @property
    def epoch(self) -> str:
        """The epoch; see `Inbox.epoch`."""
        return self._epoch

    async def open(self) -> bool:
        """Learn the epoch, or make one; see `Inbox.open`."""
        found = await self._stream.call("GET", self._keys.epoch)
        if found is None:
            _, found = await asyncio.gather(
                self._stream.call("SET", self._keys.epoch, uuid4().hex, "NX"),
                self._stream.call("GET", self._keys.epoch),
            )
        before, self._epoch = self._epoch, found.decode()
        return before != self._epoch

    async def append(self, envelopes: Sequence[Envelope]) -> list[Stored]:
        """Store a batch with one call; see `Inbox.append`."""
        if not envelopes:
            return []
        places: dict[str, int] = {}
        args: list[Argument] = [self._epoch, *self._bounds]
        for envelope in envelopes:
            args += (
                places.setdefault(envelope.recipient, len(places) + 1),
                producer_key(envelope.sender, envelope.session),
                envelope.number,
                1 if envelope.durable else 0,
                envelope.tail,
            )
        keys = [self._keys.epoch, *map(self._keys.head, places)]
        nodes, results = await self._answer(self._append.call(keys, args))
        return [
            _stored(result, _split_nodes(nodes[places[envelope.recipient] - 1]))
            for envelope, result in zip(envelopes, results, strict=True)
        ]

    async def position(self, user: str, device: str, offset: int | None = None) -> Position:
        """Return where the inbox stands; see `Inbox.position`."""
        claimed = "" if offset is None else offset
        args = (self._epoch, device, self._retention.age, claimed, self._limits.devices)
        keys = (self._keys.epoch, self._keys.head(user))
        head, oldest, cursor = await self._answer(self._position.call(keys, args))
        return Position(head, oldest, cursor)

    async def read(self, user: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return messages; see `Inbox.read`."""
        args = (self._epoch, f"{after + 1}-0", limit, _READ_BYTES)
        keys = (self._keys.epoch, self._keys.inbox(user))
        entries = await self._answer(self._read.call(keys, args))
        return [(int(id.partition(b"-")[0]), fields[1]) for id, fields in entries]

    async def heads(self, users: Sequence[str]) -> list[int]:
        """Return the last offsets; see `Inbox.heads`."""
        return await self._many_numbers(list(map(self._keys.head, users)))

    async def acknowledge(self, user: str, device: str, offset: int) -> None:
        """Note what a device has; see `Inbox.acknowledge`."""
        args = (self._epoch, device, offset, self._limits.devices)
        keys = (self._keys.epoch, self._keys.head(user))
        await self._answer(self._acknowledge.call(keys, args))

    async def raise_head(self, user: str, offset: int) -> bool:
        """Raise a head; see `Inbox.raise_head`."""
        keys = (self._keys.epoch, self._keys.head(user))
        return bool(await self._answer(self._raise_head.call(keys, (self._epoch, offset))))

    async def acknowledged(self, users: Sequence[str]) -> list[int]:
        """Return what was acknowledged; see `Inbox.acknowledged`."""
        return await self._many_numbers(list(map(self._keys.acked, users)))

    async def raise_alarm(self) -> None:
        """Count up; see `Inbox.raise_alarm`."""
        await self._when_full.call((self._keys.alarms,), ("INCR",))

    async def alarms(self) -> int:
        """Return the count; see `Inbox.alarms`."""
        [count] = await self._numbers([self._keys.alarms])
        return count

    async def _many_numbers(self, keys: Sequence[str]) -> list[int]:
        """Read numbers with a command for every 500."""
        chunks = [keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK)]
        found = await asyncio.gather(*map(self._numbers, chunks))
        return [number for chunk in found for number in chunk]

    async def _numbers(self, keys: Sequence[str]) -> list[int]:
        """Read numbers and the epoch at the same moment, by one command; 0 for a missing one."""
        epoch, *numbers = await self._stream.call("MGET", self._keys.epoch, *keys)
        if epoch != self._epoch.encode():
            raise EpochChanged(self._epoch, epoch.decode() if epoch else None)
        return [_number(number) for number in numbers]

    async def _answer(self, future: "asyncio.Future[Any]") -> Any:
        """Wait for a script's reply.

        Raises:
            EpochChanged: that was its reply.
        """
        try:
            return await future
        except CommandFailed as exc:
            if exc.code != "EPOCH":
                raise
            raise EpochChanged(self._epoch, None if exc.reason == "-" else exc.reason) from exc


def _number(text: bytes | None) -> int:
    """Read a number; what somebody else has put there counts as none."""
    return int(text) if text and text.isdigit() else 0


def _stored(result: Any, nodes: tuple[str, ...]) -> Stored:
    """Read what `append.lua` says about one envelope."""
    if isinstance(result, int):
        return Stored(result, result, nodes)
    offset, head, repeated = result
    return Stored(offset or None, head, nodes, bool(repeated))


@lru_cache(maxsize=4096)
def _split_nodes(joined: bytes) -> tuple[str, ...]:
    """Return each node once; most users are on one, and most answers name the same few."""
    return tuple(dict.fromkeys(joined.decode().split("\n"))) if joined else ()
