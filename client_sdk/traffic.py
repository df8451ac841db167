"""The traffic: carries frames between a channel and the parts of the client that they concern.

It opens and closes no channel, and knows nothing of what the frames mean to the application.
"""

import asyncio
from collections.abc import Callable

from client_sdk.channel import Channel
from client_sdk.events import Event, Happening, Report
from client_sdk.faults import ABNORMAL, ChannelLost
from client_sdk.inflow import Position
from client_sdk.questions import Questions
from client_sdk.receiver import Receiver
from client_sdk.sender import Sender
from client_sdk.waiting import wait_for
from cluster.frames import (
    AnyNodeFrame,
    Connected,
    Error,
    Message,
    Move,
    Presence,
    Receipt,
    Sent,
    Status,
)


class Traffic:
    """What goes over the channel of one client, whichever that is."""

    def __init__(
        self, sender: Sender, receiver: Receiver, questions: Questions, report: Report
    ) -> None:
        """Carry for these parts of a client.

        Args:
            sender: gives frames to write and takes the answers.
            receiver: takes messages and gives acks to write.
            questions: gives frames to write and takes the answers.
            report: called with each event.
        """
        self._sender = sender
        self._receiver = receiver
        self._questions = questions
        self._report = report
        # The services that the channel's node calls away.
        self.degraded: tuple[str, ...] = ()
        # Set when there may be something to write.
        self._writable = asyncio.Event()

    def wake(self) -> None:
        """Look again at what there is to write."""
        self._writable.set()

    def begin(self, channel: Channel) -> None:
        """Go on with a channel that has just been connected."""
        asked = Position(channel.asked.epoch, channel.asked.offset)
        self._receiver.resumed(asked, channel.connected)
        self._sender.rewind()
        self._questions.rewind()
        self._began(channel)

    def _began(self, channel: Channel) -> None:
        # A node that is degraded says so behind each `connected`.
        self.degraded = ()
        url, node, recovered = channel.url, channel.connected.node, self._receiver.recovered
        self._report(Event(Happening.CONNECTED, url, node, recovered=recovered))
        if not recovered:
            reason = "some messages are not kept any more; the next one follows after a gap"
            self._report(Event(Happening.MESSAGES_LOST, url, node, reason=reason))

    async def read(self, channel: Channel, leave: Callable[[Move], None]) -> None:
        """Take what the node sends, until cancelled; `leave` is called when it says to move.

        Raises:
            ChannelLost: the channel is gone, or has to be given up.
        """
        while True:
            frame = await channel.receive()
            if isinstance(frame, Move):
                leave(frame)
            else:
                self._take(channel, frame)

    def _take(self, channel: Channel, frame: AnyNodeFrame) -> None:
        match frame:
            case Message():
                if not self._receiver.arrived(frame):
                    raise ChannelLost(ABNORMAL, f"a message before {frame.offset} is missing")
            case Sent():
                self._sender.stored(frame)
            case Receipt():
                self._sender.receipt(frame)
            case Error():
                if not self._sender.refused(frame):
                    event = Event(Happening.REFUSED, code=frame.code, reason=frame.reason)
                    self._report(event)
            case Presence():
                self._questions.answered(frame)
            case Status():
                self._degraded(channel, frame.degraded)
            case Connected():
                if self._receiver.restarted(frame):
                    self._began(channel)

    def _degraded(self, channel: Channel, degraded: tuple[str, ...]) -> None:
        before, self.degraded = self.degraded, degraded
        if degraded == before:
            return
        what = Happening.DEGRADED if degraded else Happening.RECOVERED
        self._report(Event(what, channel.url, channel.connected.node, reason=", ".join(degraded)))

    async def write(self, channel: Channel, resume: Callable[[], None]) -> None:
        """Write what there is to say, until cancelled; `resume` is called if it can't go on here.

        Raises:
            ChannelLost: the channel is gone.
        """
        while True:
            self._writable.clear()
            if self._sender.blocked:
                resume()
            while (frame := self._next_frame()) is not None:
                await channel.send(frame)
            # If nothing is to be written by then, an ack is due.
            await wait_for(self._writable, self._receiver.ack_wait())

    def _next_frame(self) -> bytes | None:
        if self._receiver.ack_wait() == 0.0:
            return self._receiver.next_ack()
        return self._questions.next_frame() or self._sender.next_frame()

    async def finish(self, channel: Channel) -> None:
        """Acknowledge what was handled, if the channel still takes it."""
        frame = self._receiver.next_ack()
        if frame is None:
            return
        try:
            async with asyncio.timeout(1.0):
                await channel.send(frame)
        except (TimeoutError, ChannelLost):
            return  # what is not acknowledged comes again
