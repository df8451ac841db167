"""The sender: turns `send` calls into entries of the outbox, and answers into their results.

It writes nothing itself: whoever holds the channel takes frames from it and brings it the answers.
"""

import asyncio
import random
from collections.abc import Callable, Iterator

import msgspec

from client_sdk.errors import InvalidBody, SendRejected, SendTimeout
from client_sdk.message import Sent, encode_body
from client_sdk.outbox import Entry, Outbox
from cluster import frames
from cluster.backoff import equal_jitter
from cluster.errors import ClusterError
from cluster.names import check_name

# The delays before a message that the node could not store is sent again, in seconds. At least
# half of each: by then the node has refused everything that was on its way behind that message.
_BASE = 0.1
_CAP = 2.0


class Sender:
    """The sending half of a client."""

    def __init__(
        self,
        session: str,
        *,
        window: int,
        max_size: int,
        wake: Callable[[], None],
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Make a sender with an empty outbox.

        Args:
            session: the first part of every id.
            window: unconfirmed sends at one time.
            max_size: the largest frame, in bytes.
            wake: called when `next_frame` has something to return or `blocked` may have changed.
            uniform: returns a number between its two arguments.
        """
        self._outbox = Outbox(session)
        self._slots = asyncio.Semaphore(window)
        self._max_size = max_size
        self._wake = wake
        self._uniform = uniform
        # What `send` waits for, by id.
        self._results: dict[str, asyncio.Future[Sent]] = {}
        # Delays until the next probe; begun anew with every success.
        self._delays: Iterator[float] = self._new_delays()
        # Ends the delay; None if there is none.
        self._timer: asyncio.TimerHandle | None = None
        # Why nothing can be sent any more; None while it can.
        self._ended: ClusterError | None = None
        # Calls of `send` that have not returned.
        self._calls = 0
        # Set while there are none.
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def blocked(self) -> bool:
        """Whether only a new channel gets the waiting messages through."""
        return self._outbox.blocked

    async def send(self, to: str, body: object, *, durable: bool, timeout: float) -> Sent:
        """Return when the message is stored, or written if it is not durable.

        Cancelling withdraws it: it is not sent any more, but may have been stored.

        Raises:
            InvalidName: `to` may not be used as a name.
            InvalidBody: JSON can't express the body, or it is too large.
            SendRejected: the node refused it for good.
            SendTimeout: it was not confirmed in time.
            ClusterError: the client has ended, for the reason it says.
        """
        check_name("to", to)
        raw = encode_body(body)
        entry: Entry | None = None
        self._calls += 1
        self._idle.clear()
        try:
            async with asyncio.timeout(timeout), self._slots:
                entry = self._add(to, raw, durable)
                return await self._result(entry)
        except TimeoutError as exc:
            written = entry is not None and entry.written
            raise SendTimeout(entry.id if entry and written else None, timeout) from exc
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()

    def _add(self, to: str, body: bytes, durable: bool) -> Entry:
        if self._ended is not None:
            raise self._ended.with_traceback(None)
        frame = frames.encode(
            frames.Send(id=self._outbox.next_id(), to=to, body=msgspec.Raw(body), durable=durable)
        )
        if len(frame) > self._max_size:
            raise InvalidBody(f"its frame of {len(frame)} bytes exceeds {self._max_size} bytes")
        return self._outbox.add(frame, durable=durable)

    async def _result(self, entry: Entry) -> Sent:
        result: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        self._results[entry.id] = result
        self._wake()
        try:
            return await result
        finally:
            del self._results[entry.id]
            self._outbox.withdraw(entry)
            if self._outbox.blocked:
                self._wake()

    def next_frame(self) -> bytes | None:
        """Return the frame to write next; None if there is none now."""
        entry = self._outbox.take()
        if entry is None:
            return None
        if not entry.durable:
            self._resolve(entry.id, None)
        return entry.frame

    def stored(self, frame: frames.Sent) -> None:
        """Take the node's word that a message is stored."""
        if self._outbox.settle(frame.id) is None:
            return
        self._delays = self._new_delays()
        self._resolve(frame.id, frame.offset)
        self._wake()

    def refused(self, frame: frames.Error) -> bool:
        """Take the node's refusal; False if it concerns nothing that is waited for here."""
        if frame.id is None:
            return False
        if not frame.temporary:
            entry = self._outbox.settle(frame.id)
            result = self._results.get(frame.id)
            if result is not None and not result.done():
                result.set_exception(SendRejected(frame.id, frame.code, frame.reason))
            self._wake()
            return entry is not None
        if self._outbox.postpone(frame.id):
            self._hold()
            return True
        return frame.id in self._results

    def _hold(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(next(self._delays), self._release)

    def _release(self) -> None:
        self._timer = None
        self._outbox.release()
        self._wake()

    def rewind(self) -> None:
        """Begin on a new channel: what is not confirmed goes out again."""
        self._cancel_timer()
        self._outbox.rewind()
        self._wake()

    def end(self, error: ClusterError) -> None:
        """Let every `send`, those that wait and those to come, raise `error`."""
        self._ended = error
        self._cancel_timer()
        for result in self._results.values():
            if not result.done():
                result.set_exception(error)

    async def wait_idle(self) -> None:
        """Return when every call of `send` has."""
        await self._idle.wait()

    def _resolve(self, send_id: str, offset: int | None) -> None:
        result = self._results.get(send_id)
        if result is not None and not result.done():
            result.set_result(Sent(send_id, offset))

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _new_delays(self) -> Iterator[float]:
        return equal_jitter(_BASE, _CAP, uniform=self._uniform)
