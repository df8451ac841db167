"""The receiver: keeps new messages ready for the application, and says what it has handled.

It reads and writes nothing itself: whoever holds the channel brings it frames and takes its acks.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from client_sdk.acks import Acks
from client_sdk.inflow import Inflow, Position, Verdict
from client_sdk.message import Message, decode_message
from cluster import frames
from cluster.errors import ClusterError


class Receiver:
    """The receiving half of a client."""

    def __init__(
        self,
        start: Position,
        *,
        window: int,
        wake: Callable[[], None],
        resume: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        """Make a receiver that has everything up to `start`.

        Args:
            start: what the application says that it has.
            window: messages to keep ready.
            wake: called when `ack_wait` may have become shorter.
            resume: called when a resume on a new channel would bring more messages.
            clock: returns monotonic seconds.
        """
        self._inflow = Inflow(start)
        self._acks = Acks()
        self._window = window
        self._wake = wake
        self._resume = resume
        self._clock = clock
        # New messages, each with the generation of its offset.
        self._queue: deque[tuple[int, frames.Message]] = deque()
        # Generation and offset of the message that the application has at hand; None for none.
        self._at_hand: tuple[int, int | None] | None = None
        # Wakes the application that waits for a message; None if it doesn't.
        self._waiting: asyncio.Future[None] | None = None
        # Whether nothing more will come.
        self._ended = False
        # Why it ended; None if the application closed the client.
        self._error: ClusterError | None = None
        # Where the application stands.
        self.taken = start

    @property
    def position(self) -> Position:
        """The position to resume at."""
        return self._inflow.position

    @property
    def recovered(self) -> bool:
        """Whether everything that was missing at the last resume could be replayed."""
        return self._inflow.recovered

    def resumed(self, asked: Position, answer: frames.Connected) -> None:
        """Take the answer to `connect`; `asked` is the position that it named."""
        generation = self._inflow.generation
        self._inflow.resume(asked, answer.epoch, answer.offset, answer.recovered)
        if self._inflow.generation != generation:
            self._acks.restart()
        if self._inflow.generation != generation or self.taken.offset is None:
            self.taken = self._inflow.position
        self._acks.repeat()

    def restarted(self, answer: frames.Connected) -> bool:
        """Take a `connected` that comes again on an open channel; False if it changes nothing.

        In a new epoch, offsets start anew. In the same one, the messages up to that offset are
        not kept any more: that matters only to a client that has not got them.
        """
        if answer.epoch == self.position.epoch:
            # One that refuses messages is about to resume, and is then told what is left.
            if self._inflow.refusing or answer.offset <= (self.position.offset or 0):
                return False
        self.resumed(self.position, answer)
        return True

    def arrived(self, frame: frames.Message) -> bool:
        """Take a message; False if something before it is missing."""
        room = len(self._queue) < self._window
        verdict = self._inflow.judge(frame.offset, room=room)
        if verdict is Verdict.NEW:
            self._queue.append((self._inflow.generation, frame))
            self._notify()
        return verdict is not Verdict.HOLE

    async def get(self) -> Message:
        """Return the next message; the one before it counts as handled.

        Cancelling loses nothing.

        Raises:
            StopAsyncIteration: the client was closed by the application.
            ClusterError: the client has ended for good, for the reason it says.
            RuntimeError: another task waits here already.
        """
        if self._waiting is not None:
            raise RuntimeError("two tasks iterate over the same client; let one hand out to both")
        self.handled()
        while not self._queue:
            if self._ended:
                raise (
                    StopAsyncIteration if self._error is None else self._error.with_traceback(None)
                )
            await self._wait()
        return self._take()

    def _take(self) -> Message:
        generation, frame = self._queue.popleft()
        self._at_hand = generation, frame.offset
        if frame.offset is not None and generation == self._inflow.generation:
            self.taken = Position(self._inflow.position.epoch, frame.offset)
        # Resuming a little before the queue runs dry keeps the application from waiting.
        if self._inflow.refusing and len(self._queue) <= self._window // 4:
            self._resume()
        return decode_message(frame)

    async def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _notify(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def handled(self) -> None:
        """Count the message at hand as handled."""
        at_hand, self._at_hand = self._at_hand, None
        # An offset of an older generation means nothing to the node any more.
        if at_hand is None or at_hand[1] is None or at_hand[0] != self._inflow.generation:
            return
        idle = self.ack_wait() is None
        self._acks.handled(at_hand[1])
        if idle or self.ack_wait() == 0.0:
            self._wake()

    def ack_wait(self) -> float | None:
        """Return the seconds until an ack is due; None if there is nothing to say."""
        return self._acks.wait(self._clock())

    def next_ack(self) -> bytes | None:
        """Return the `ack` frame to write now, whether due or not; None if there is none."""
        offset = self._acks.take(self._clock())
        return None if offset is None else frames.encode(frames.Ack(offset=offset))

    def end(self, error: ClusterError | None) -> None:
        """Let the iteration end, with `error` if there is one, when the queue is empty.

        Without, the application has closed the client. What is queued by then can't be acknowledged
        any more: it is dropped, and comes again on the next connect, instead of coming twice.
        """
        if self._ended:
            return
        self._ended = True
        self._error = error
        if error is None:
            self._queue.clear()
        self._notify()
