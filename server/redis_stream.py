"""The node's connection to Redis: one, kept up, with a stream of pipelined calls on it.

It has no pool and never repeats a call: whether a call may be repeated only its caller knows.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cluster.backoff import equal_jitter
from cluster.errors import ServiceUnavailable
from cluster.listeners import Listeners
from server.redis_connection import Argument, RedisConnection
from server.redis_dialer import RedisDialer
from server.redis_errors import refusal
from server.redis_target import parse_redis_url

_log = logging.getLogger(__name__)

# An idle connection is asked for a sign of life this often, in seconds.
_PING_INTERVAL = 1.0
# A connection that lasted so many seconds proves that all is well: the next wait is short again.
_STEADY = 5.0


@dataclass(slots=True)
class StreamCounters:
    """What has happened since the stream was made; only ever growing.

    Attributes:
        calls: calls made, those refused while away included.
        refused: calls that failed at once because Redis was away.
        connects: connections that became usable.
        losses: usable connections that ended unasked.
        timeouts: those of them that ended because a call was not answered in time.
        reloads: times that scripts had to be loaded again because Redis had forgotten them.
    """

    calls: int = 0
    refused: int = 0
    connects: int = 0
    losses: int = 0
    timeouts: int = 0
    reloads: int = 0


class Script:
    """A Lua script that every connection loads before it is used; from `register_script`."""

    def __init__(self, stream: "RedisStream", text: str) -> None:
        self._stream = stream
        self.text = text
        # The name that EVALSHA takes; no secret.
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def call(
        self, keys: Sequence[Argument], args: Sequence[Argument] = ()
    ) -> "asyncio.Future[Any]":
        """Run the script; see `RedisStream.call`."""
        return self._stream.call("EVALSHA", self.sha, len(keys), *keys, *args)


class RedisStream:
    """One connection to one Redis, rebuilt by itself from `open` to `close`.

    While Redis is away every call fails at once, so nobody waits in turn for the same timeout. A
    call that is pending when the connection ends fails too, although Redis may have executed it;
    once the stream says that Redis is back, it will not be executed any more (see `RedisDialer`).
    """

    def __init__(
        self,
        url: str,
        *,
        call_timeout: float = 0.2,
        connect_timeout: float = 2.0,
        name: str = "im",
    ) -> None:
        """Prepare a stream; nothing is connected before `open`.

        Args:
            url: as `server.redis_target.parse_redis_url` reads it.
            call_timeout: seconds of silence after which an unanswered call ends the connection.
            connect_timeout: seconds for connecting, logging in and loading scripts together.
            name: what CLIENT LIST shows; no spaces.

        Raises:
            InvalidAddress: the URL can't be understood.
        """
        target = parse_redis_url(url)
        # The URL without its password, for errors and logs.
        self.address = target.address
        self._dialer = RedisDialer(target, connect_timeout, name)
        self._connect_timeout = connect_timeout
        self._call_timeout = call_timeout
        self.counters = StreamCounters()
        self._listeners: Listeners[bool] = Listeners()
        self._scripts: list[Script] = []
        # The usable connection; None while Redis is away. Set by `_use`, cleared by `_lost`.
        self._connection: RedisConnection | None = None
        # Why Redis is away.
        self._reason = "not connected yet"
        # Waiting times between attempts; begun anew by `_lost` after a steady connection.
        self._delays: Iterator[float] = _new_delays()
        # When the connection became usable, by the loop's clock; set by `_use`.
        self._since = 0.0
        # Set while Redis is away, so that the supervisor wakes.
        self._away = asyncio.Event()
        # Keeps the connection up; set by `open`, cleared by `close`.
        self._supervisor: asyncio.Task[None] | None = None
        # Whether scripts are being loaded again; set by `_reload`.
        self._reloading = False

    @property
    def connected(self) -> bool:
        """Whether calls can be made now."""
        return self._connection is not None

    def on_change(self, listener: Callable[[bool], None]) -> Callable[[], None]:
        """Have `listener` called in the event loop whenever `connected` has changed.

        It gets the new value, and True only when scripts are loaded and Redis answers. `close`
        tells nobody. Returns a function that ends the subscription.
        """
        return self._listeners.add(listener)

    def register_script(self, text: str) -> Script:
        """Have a script loaded on this connection, if there is one, and on each later one."""
        script = Script(self, text)
        self._scripts.append(script)
        if self._connection is not None:
            _ignore(self._connection.call(("SCRIPT", "LOAD", text)))
        return script

    async def open(self) -> None:
        """Connect, and stay connected from then on. Does nothing if it is open already.

        Raises:
            ServiceUnavailable: Redis does not answer, or not as it should. Nothing goes on in the
                background then; calling again is allowed.
        """
        if self._supervisor is None:
            self._use(await self._connect())
            self._supervisor = asyncio.create_task(self._supervise(), name="redis-stream")

    async def close(self) -> None:
        """Let go of Redis: pending calls fail, and later ones do so at once. Idempotent."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.cancel()
            await asyncio.wait([supervisor])
        connection, self._connection = self._connection, None
        self._reason = "closed"
        if connection is not None:
            connection.end(self._reason)

    def call(self, *args: Argument) -> "asyncio.Future[Any]":
        """Send a command without waiting; commands keep the order in which they are given.

        Returns:
            A future of the reply: bytes, int, None or a list of them. It fails with
            `ServiceUnavailable` if Redis is away (at once), was lost before it answered (so it
            may have executed the command), or cannot do it now; and with
            `redis_errors.CommandFailed` if Redis refuses the command.
        """
        self.counters.calls += 1
        if self._connection is not None:
            return self._connection.call(args)
        self.counters.refused += 1
        future = asyncio.get_running_loop().create_future()
        future.set_exception(self._unavailable(self._reason))
        return future

    def _unavailable(self, reason: str) -> ServiceUnavailable:
        return ServiceUnavailable("Redis", self.address, reason)

    # --- keeping the connection up

    async def _supervise(self) -> None:
        """Connect again whenever the connection is lost; ends only by cancellation."""
        while True:
            calls = self.counters.calls
            with suppress(TimeoutError):
                async with asyncio.timeout(_PING_INTERVAL):
                    await self._away.wait()
            if self._connection is None:
                await self._reconnect()
            elif calls == self.counters.calls:
                # Without calls nothing else would show that the server is gone.
                _ignore(self._connection.call(("PING",)))

    async def _reconnect(self) -> None:
        while self._connection is None:
            await asyncio.sleep(next(self._delays))
            try:
                self._use(await self._connect())
            except ServiceUnavailable as exc:
                self._reason = exc.reason
            except Exception:
                # Nothing that a server may say is worth a node that never connects again.
                _log.exception("an attempt to connect to Redis ended in an unknown error")
        _log.info("Redis at %s is back", self.address)

    async def _connect(self) -> RedisConnection:
        return await self._dialer.connect(self._make, [script.text for script in self._scripts])

    def _make(self) -> RedisConnection:
        """Return the protocol of a connection that has yet to be made usable."""
        return RedisConnection(
            self._connect_timeout,
            refusal=self._refusal,
            lost=self._unavailable,
            on_lost=self._lost,
        )

    def _use(self, connection: RedisConnection) -> None:
        """Make a connection the one that calls go to, and tell."""
        connection.limit(self._call_timeout)
        self._connection = connection
        self._since = asyncio.get_running_loop().time()
        self._away.clear()
        self.counters.connects += 1
        self._listeners.tell(True)

    def _lost(self, connection: RedisConnection) -> None:
        """Take notice of a connection's end; that of one that was never used does not matter."""
        if connection is not self._connection:
            return
        self._connection = None
        self._reason = connection.ended or "lost"
        self.counters.losses += 1
        self.counters.timeouts += connection.timed_out
        if asyncio.get_running_loop().time() - self._since > _STEADY:
            self._delays = _new_delays()
        self._away.set()
        _log.warning("lost Redis at %s: %s", self.address, self._reason)
        self._listeners.tell(False)

    # --- error replies

    def _refusal(self, text: str) -> Exception:
        """Return the error for an error reply, and begin to mend what can be mended."""
        loop = asyncio.get_running_loop()
        if text.startswith("NOSCRIPT") and not self._reloading:
            self._reloading = True
            loop.call_soon(self._reload)
        if text.startswith("READONLY") and self._connection is not None:
            # This server is no longer the primary; a new connection may lead to the one that is.
            loop.call_soon(self._connection.end, text)
        return refusal(text, self.address)

    def _reload(self) -> None:
        """Load the scripts again: Redis has forgotten them (SCRIPT FLUSH)."""
        self._reloading = False
        self.counters.reloads += 1
        if self._connection is not None:
            for script in self._scripts:
                _ignore(self._connection.call(("SCRIPT", "LOAD", script.text)))


def _new_delays() -> Iterator[float]:
    return equal_jitter(0.05, 1.0)


def _ignore(future: "asyncio.Future[Any]") -> None:
    """Have a call's failure not reported as forgotten: the connection's end tells enough."""
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
