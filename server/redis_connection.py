"""One connection to Redis: commands out in order, replies back in the same order.

It neither connects nor comes back, and does not know what a command means: `redis_stream` does.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias, cast

import hiredis

Argument: TypeAlias = str | bytes | int | float

# Its stub knows tuples of one item only.
_pack = cast(Callable[[tuple[Argument, ...]], bytes], hiredis.pack_command)

_INCOMPLETE: Final = object()
# A loop that was held up may find its timer due before it has read what waits in the socket.
_LAST_LOOK = 0.01


class _Written(NamedTuple):
    """Calls that went out in one write.

    Attributes:
        last: number of the last of them, counted from the connection's first call.
        time: when they went out, by the loop's clock.
    """

    last: int
    time: float


class RedisConnection(asyncio.Protocol):
    """A stream of pipelined calls: no task, no lock and no timer of its own for any of them.

    Redis answers a connection's commands in their order (Redis protocol specification,
    "Request-Response model"), so the oldest future takes the next reply; that of a call that its
    caller gave up is taken off the same way and dropped.
    """

    def __init__(
        self,
        call_timeout: float,
        *,
        refusal: Callable[[str], Exception],
        lost: Callable[[str], Exception],
        on_lost: Callable[["RedisConnection"], None],
    ) -> None:
        """Make the protocol of a connection that is about to be opened.

        Args:
            call_timeout: seconds of silence after which an unanswered call ends the connection; an
                answer that is on its way is none, however large it is.
            refusal: makes the error for an error reply.
            lost: makes the error of a pending call, from the reason for the connection's end.
            on_lost: called once, when the connection has ended.
        """
        self._loop = asyncio.get_running_loop()
        self._refusal = refusal
        self._make_lost = lost
        self._on_lost = on_lost
        # Changed by `limit`.
        self._call_timeout = call_timeout
        # Why the connection ended; None while it stands. Set by `end`.
        self.ended: str | None = None
        # Whether it ended because a call was not answered in time; set by `_check`.
        self.timed_out = False
        # Set by `connection_made`.
        self._transport: asyncio.Transport | None = None
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        # Futures of calls without a reply, the oldest first.
        self._pending: deque[asyncio.Future[Any]] = deque()
        # Packed commands of this iteration of the loop; emptied by `_flush`.
        self._outgoing: list[bytes] = []
        # How many calls were made, and answered, ever.
        self._called = 0
        self._answered = 0
        # Writes with unanswered calls, the oldest first.
        self._unanswered: deque[_Written] = deque()
        # The one timer; armed by `_flush`, None while nothing is unanswered.
        self._timer: asyncio.TimerHandle | None = None
        # The write that `_check` has found overdue once, if nothing has come since.
        self._overdue: _Written | None = None
        # When something came last, by the loop's clock.
        self._heard = 0.0

    def call(self, args: tuple[Argument, ...]) -> asyncio.Future[Any]:
        """Send a command; the future gets its reply, or the error that stands for it.

        Commands that are given within one iteration of the event loop go out in one write.
        """
        future = self._loop.create_future()
        if self.ended is not None:
            future.set_exception(self._make_lost(self.ended))
            return future
        packed = _pack(args)
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(packed)
        self._pending.append(future)
        self._called += 1
        return future

    def limit(self, call_timeout: float) -> None:
        """Change the silence that is borne, in seconds; counts for pending calls too."""
        self._call_timeout = call_timeout
        if self._timer is not None:
            self._timer.cancel()
            self._check()

    def end(self, reason: str) -> None:
        """End the connection: every pending call fails. Idempotent."""
        if self.ended is not None:
            return
        self.ended = reason
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        for future in self._pending:
            if not future.done():
                future.set_exception(self._make_lost(reason))
        self._pending.clear()
        self._on_lost(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; see `asyncio.BaseProtocol`."""
        # Not checked by isinstance: uvloop's transports do not derive from asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Hand replies to their calls; see `asyncio.Protocol`."""
        self._heard = self._loop.time()
        self._overdue = None
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not _INCOMPLETE:
                if not self._pending:
                    self.end("it answered a command that was never sent")
                    return
                self._settle(self._pending.popleft(), reply)
        except hiredis.ProtocolError as exc:
            self.end(f"it does not speak the protocol of Redis: {exc}")
            return
        while self._unanswered and self._unanswered[0].last <= self._answered:
            self._unanswered.popleft()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is pending; see `asyncio.BaseProtocol`."""
        self.end("it closed the connection" if exc is None else _describe(exc))

    def _settle(self, future: asyncio.Future[Any], reply: Any) -> None:
        self._answered += 1
        if future.done():
            return  # given up by its caller
        if isinstance(reply, hiredis.ReplyError):
            future.set_exception(self._refusal(str(reply)))
        else:
            future.set_result(reply)

    def _flush(self) -> None:
        """Write what this iteration of the loop has collected."""
        if self.ended is not None or self._transport is None:
            return
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        self._transport.write(data)
        now = self._loop.time()
        self._unanswered.append(_Written(self._called, now))
        if self._timer is None:
            self._timer = self._loop.call_at(now + self._call_timeout, self._check)

    def _check(self) -> None:
        """End the connection if it is silent and its oldest call overdue, at a second look."""
        self._timer = None
        if not self._unanswered:
            return
        oldest, now = self._unanswered[0], self._loop.time()
        due = max(oldest.time, self._heard) + self._call_timeout
        if now >= due and oldest is self._overdue:
            self.timed_out = True
            self.end(f"no answer within {self._call_timeout:g} s")
            return
        if now >= due:
            self._overdue = oldest
            due = now + _LAST_LOOK
        self._timer = self._loop.call_at(due, self._check)


def _describe(exc: Exception) -> str:
    """Return what happened, without the number that a system's error begins with."""
    return exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
