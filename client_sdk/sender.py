"""The sender: turns `send` calls into entries of the outbox, and answers into their results.

It writes nothing itself: whoever holds the channel takes frames from it and brings it the answers.
"""

import asyncio
import random
from collections.abc import Callable, Iterator

import msgspec

from client_sdk.call import Call
from client_sdk.errors import InvalidBody, InvalidSetting, SendRejected, SendTimeout
from client_sdk.message import Sent, encode_body
from client_sdk.outbox import Outbox
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
        # The calls of `send` that have had their turn and have not returned, by their ids.
        self._calls: dict[str, Call] = {}
        # Delays until the next probe; begun anew with every success.
        self._delays: Iterator[float] = self._new_delays()
        # Ends the delay; None if there is none.
        self._timer: asyncio.TimerHandle | None = None
        # Why nothing can be sent any more; None while it can.
        self._ended: ClusterError | None = None
        # Calls of `send` that are not confirmed, those that wait for their turn included.
        self._unconfirmed = 0
        # Set while there are none.
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def blocked(self) -> bool:
        """Whether only a new channel gets the waiting messages through."""
        return self._outbox.blocked

    async def send(
        self, to: str, body: object, *, durable: bool, receipt: bool, timeout: float
    ) -> Sent:
        """Return when the message is stored, or written if it is not durable.

        With `receipt`, return when it is known what became of it, or can't be known any more.
        Cancelling withdraws it: it is not sent any more, but may have been stored.

        Raises:
            InvalidName: `to` may not be used as a name.
            InvalidBody: JSON can't express the body, or it is too large or nested too deeply.
            SendRejected: the node refused it for good.
            SendTimeout: it was not confirmed in time.
            ClusterError: the client has ended, for the reason it says.
            InvalidSetting: a receipt is wanted for a message that is not durable.
        """
        if receipt and not durable:
            raise InvalidSetting("receipt", "needs durable=True: nothing else is ever confirmed")
        check_name("to", to)
        raw = encode_body(body)
        deadline = asyncio.get_running_loop().time() + timeout
        call = Call(receipt=receipt)
        try:
            send_id, offset = await self._confirm(call, to, raw, durable, deadline)
            return Sent(send_id, offset, await call.receipt(deadline))
        except TimeoutError as exc:
            raise SendTimeout(call.written_id, timeout) from exc
        finally:
            self._forget(call)

    async def _confirm(
        self, call: Call, to: str, body: bytes, durable: bool, deadline: float
    ) -> tuple[str, int | None]:
        """Wait for the call's turn, then for the confirmation; return the id and the offset."""
        self._unconfirmed += 1
        self._idle.clear()
        try:
            async with asyncio.timeout_at(deadline), self._slots:
                send_id = self._add(call, to, body, durable)
                return send_id, await call.offset()
        finally:
            self._unconfirmed -= 1
            if not self._unconfirmed:
                self._idle.set()

    def _add(self, call: Call, to: str, body: bytes, durable: bool) -> str:
        """Put the call's message into the outbox; return its id."""
        if self._ended is not None:
            raise self._ended.with_traceback(None)
        send_id = self._outbox.next_id()
        frame = frames.encode(
            frames.Send(
                id=send_id,
                to=to,
                body=msgspec.Raw(body),
                durable=durable,
                receipt=call.wants_receipt,
            )
        )
        if len(frame) > self._max_size:
            raise InvalidBody(f"its frame of {len(frame)} bytes exceeds {self._max_size} bytes")
        call.entry = self._outbox.add(frame, durable=durable)
        self._calls[send_id] = call
        self._wake()
        return send_id

    def _forget(self, call: Call) -> None:
        if call.entry is None:
            return
        del self._calls[call.entry.id]
        self._outbox.withdraw(call.entry)
        if self._outbox.blocked:
            self._wake()

    def next_frame(self) -> bytes | None:
        """Return the frame to write next; None if there is none now."""
        entry = self._outbox.take()
        if entry is None:
            return None
        if not entry.durable and (call := self._calls.get(entry.id)) is not None:
            call.stored(None)
        return entry.frame

    def stored(self, frame: frames.Sent) -> None:
        """Take the node's word that a message is stored."""
        if self._outbox.settle(frame.id) is None:
            return
        self._delays = self._new_delays()
        if (call := self._calls.get(frame.id)) is not None:
            call.stored(frame.offset)
        self._wake()

    def receipt(self, frame: frames.Receipt) -> None:
        """Take the node's word what became of a message that it has stored."""
        if (call := self._calls.get(frame.id)) is not None:
            call.received(frame.status)

    def refused(self, frame: frames.Error) -> bool:
        """Take the node's refusal; False if it concerns nothing that is waited for here."""
        if frame.id is None:
            return False
        # One whose call has given up is waited for all the same: its refusal is no news to anybody.
        known = self._outbox.holds(frame.id) or frame.id in self._calls
        if not frame.temporary:
            self._outbox.settle(frame.id)
            if (call := self._calls.get(frame.id)) is not None:
                call.fail(SendRejected(frame.id, frame.code, frame.reason))
            self._wake()
        elif self._outbox.postpone(frame.id):
            self._hold()
        return known

    def _hold(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(next(self._delays), self._release)

    def _release(self) -> None:
        self._timer = None
        self._outbox.release()
        self._wake()

    def rewind(self) -> None:
        """Begin on a new channel: what is not confirmed goes out again.

        What is confirmed and waits for its receipt waits in vain: the old channel was to get it.
        """
        self._cancel_timer()
        self._outbox.rewind()
        for call in self._calls.values():
            call.lost()
        self._wake()

    def end(self, error: ClusterError) -> None:
        """Let every `send` that is not confirmed, and those to come, raise `error`."""
        self._ended = error
        self._cancel_timer()
        for call in self._calls.values():
            call.fail(error)

    async def wait_idle(self) -> None:
        """Return when every call of `send` is confirmed or given up."""
        await self._idle.wait()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _new_delays(self) -> Iterator[float]:
        return equal_jitter(_BASE, _CAP, uniform=self._uniform)
