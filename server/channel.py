"""The channel: one client's connection, from its `connect` frame to its end.

It turns text messages into calls and answers into frames. It does no I/O but through its
transport, and waits for nothing: what takes time is the business of its events.
"""

from collections.abc import Callable

from cluster.codes import CloseCode, ErrorCode
from cluster.errors import InvalidFrame, InvalidName
from cluster.frames import (
    Ack,
    AskPresence,
    Connect,
    NodeFrame,
    Ping,
    Pong,
    Send,
    decode_client_frame,
    encode,
    error_frame,
    message_tail,
    sent_frame,
)
from cluster.names import check_name, split_send_id
from server.batch import NOT_STORED
from server.envelope import Envelope
from server.events import Events
from server.resend_order import ResendOrder
from server.sequence import Sequence
from server.stats import Stats
from server.transport import WebSocketTransport
from server.wire import text_frame

# Frames that a client may send that cannot be understood, before it is shut out.
MAX_BAD_FRAMES = 3

# The errors that show a client that does not speak the protocol; others it may make in good faith.
_UNREADABLE = {ErrorCode.BAD_JSON, ErrorCode.BAD_FRAME, ErrorCode.UNKNOWN_TYPE, ErrorCode.NOT_TEXT}

# Sends of one channel that may wait for their answer; at more, its socket is not read.
MAX_UNANSWERED = 512

# The same in bytes: one channel with large messages must not fill the queue that all share.
MAX_UNANSWERED_BYTES = 1024 * 1024

# Bytes that are pushed before they are written without waiting for the flush: only by writing does
# a channel learn that its client does not read, and one burst may be far larger than its buffer.
FLUSH_BYTES = 64 * 1024

_PONG = text_frame(encode(Pong()))


class Channel:
    """One client's connection. `user` is empty until the `connect` frame was accepted."""

    __slots__ = (
        "_bad_frames",
        "_clock",
        "_connecting",
        "_cut",
        "_events",
        "_held",
        "_mark_dirty",
        "_out",
        "_out_bytes",
        "_stats",
        "_transport",
        "_unanswered",
        "_unanswered_bytes",
        "device",
        "epoch",
        "heard",
        "id",
        "open",
        "order",
        "paused",
        "sequence",
        "user",
        "writable",
    )

    def __init__(
        self,
        transport: WebSocketTransport,
        events: Events,
        mark_dirty: "Callable[[Channel], None]",
        stats: Stats,
        clock: tuple[Callable[[], float], Callable[[], float]],
    ) -> None:
        """Make a channel for a connection that is being opened.

        Args:
            transport: its WebSocket.
            events: where it reports to.
            mark_dirty: called when the channel has something to write: `flush` has to follow.
            stats: where it counts.
            clock: monotonic time and time of day, both in seconds.
        """
        self._transport = transport
        self._events = events
        self._mark_dirty = mark_dirty
        self._stats = stats
        self._clock = clock
        # Set at login.
        self.id = self.user = self.device = ""
        # What the client counts offsets in: the epoch that it was last told. Empty until it is
        # connected.
        self.epoch = ""
        # Where the channel stands in the user's inbox.
        self.sequence = Sequence()
        # Monotonic time of the last sign of life.
        self.heard = clock[0]()
        # False from the moment the connection is lost.
        self.open = True
        # False while the client does not read what it is sent.
        self.writable = True
        # A `connect` frame has come.
        self._connecting = False
        # Frames that could not be understood so far.
        self._bad_frames = 0
        # Frames to be written by the next `flush`, and their size.
        self._out: list[bytes] = []
        self._out_bytes = 0
        # Why the node cut the connection without a closing handshake; None if it did not.
        self._cut: CloseCode | None = None
        # Sends that were submitted and not answered yet.
        self._unanswered = 0
        # The bytes of the messages among them.
        self._unanswered_bytes = 0
        # Whether it is never read again; set by `hold`.
        self._held = False
        # Whether the socket is not being read, because too many sends are unanswered.
        self.paused = False
        # Which sends have to come again before others may pass.
        self.order = ResendOrder()

    # What the rest of the node asks of a channel.

    def refuse(self, code: ErrorCode, reason: str, close_code: CloseCode) -> None:
        """Say why the `connect` frame is not accepted, and close."""
        self._refused(code)
        self._transport.write(text_frame(error_frame(code, reason)))
        self._transport.close(close_code, code)

    def deliver(self, offset: int, frame: bytes) -> None:
        """Take a message for this user, ready to be written, if it is the next one."""
        if offset == NOT_STORED:
            if self.epoch and self.writable:
                self.push(frame)
                self._stats.delivered += 1
            return
        sequence = self.sequence
        if not self.writable:
            sequence.note(offset)
            return
        lacked = sequence.missing
        for ready in sequence.accept(offset, frame):
            self.push(ready)
            self._stats.delivered += 1
        self._ask_for_missing(lacked)

    def note(self, offset: int) -> None:
        """Learn that the user's inbox reaches up to `offset`."""
        lacked = self.sequence.missing
        self.sequence.note(offset)
        self._ask_for_missing(lacked)

    def sent(self, envelope: Envelope, offset: int | None) -> None:
        """Tell the client that its message is stored."""
        self.push(text_frame(sent_frame(envelope.id, offset)))
        self._answered(len(envelope.tail))

    def done(self, size: int = 0) -> None:
        """Close the account of something that was asked and has had its answer, if it gets one.

        Args:
            size: the bytes that it took while it waited.
        """
        self._answered(size)

    def failed(self, envelope: Envelope, reason: str) -> None:
        """Tell the client that its message is not stored, and may be sent again."""
        self._refused(ErrorCode.UNAVAILABLE)
        self.push(text_frame(error_frame(ErrorCode.UNAVAILABLE, reason, envelope.id)))
        self._answered(len(envelope.tail))
        if not self.order.failed(envelope):
            self.close(CloseCode.UNAVAILABLE, "too many sessions wait for a message to come again")

    def out_of_order(self, envelope: Envelope) -> None:
        """Tell the client that an earlier message has to come again first."""
        self._refused(ErrorCode.OUT_OF_ORDER)
        reason = "an earlier message failed: send it again first"
        self.push(text_frame(error_frame(ErrorCode.OUT_OF_ORDER, reason, envelope.id)))
        self._answered(len(envelope.tail))

    def rejected(self, envelope: Envelope, reason: str) -> None:
        """Tell the client that its message cannot be stored, now or later."""
        self._refused(ErrorCode.STORE_REFUSED)
        self.push(text_frame(error_frame(ErrorCode.STORE_REFUSED, reason, envelope.id)))
        self._answered(len(envelope.tail))

    def tell(self, frame: NodeFrame) -> None:
        """Send the client any other frame."""
        self.push(text_frame(encode(frame)))

    def push(self, frame: bytes) -> None:
        """Have a frame written, together with what else comes before the next `flush`."""
        if not self._out:
            self._mark_dirty(self)
        self._out.append(frame)
        self._out_bytes += len(frame)
        if self._out_bytes >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was pushed, in one go."""
        out = self._out
        if out:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))
            out.clear()
            self._out_bytes = 0

    def ping(self) -> None:
        """Ask the client for a sign of life."""
        self._transport.ping()

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Close the connection in order, whatever the client has not read yet included."""
        self.flush()
        self._transport.close(code, reason)
        # Only to hear the client's own close: nothing that comes before it is handled any more.
        self._transport.resume_reading()

    def hold(self) -> None:
        """Read nothing more, for good: the node takes no more messages."""
        self._held = True
        self._pause()

    def abort(self, code: CloseCode | None = None) -> None:
        """Cut the connection; `code` says why, to whoever counts: the client is not told."""
        self._cut = code
        self._transport.abort()

    def resume(self) -> None:
        """Read the socket again, unless the channel itself has too much unanswered."""
        if self._held or not self.paused or not self.writable:
            return
        few = self._unanswered <= MAX_UNANSWERED // 2
        if few and self._unanswered_bytes <= MAX_UNANSWERED_BYTES // 2:
            self.paused = False
            self._transport.resume_reading()

    @property
    def proxied(self) -> bool:
        """Whether the client came through a proxy, and may not reach another node's address."""
        return self._transport.proxied

    @property
    def peer(self) -> str:
        """The client's address, for the log."""
        return self._transport.peer

    # What the transport reports.

    def opened(self) -> None:
        """See `server.transport.Session`."""
        self._events.opened(self)

    def heard_from(self) -> None:
        """See `server.transport.Session`."""
        self.heard = self._clock[0]()

    def text(self, data: bytes) -> None:
        """See `server.transport.Session`."""
        try:
            frame = decode_client_frame(data)
            if type(frame) is Send:
                self._send(frame)
            elif type(frame) is Ack:
                self._ack(frame)
            elif type(frame) is Ping:
                self.push(_PONG)
            elif type(frame) is AskPresence:
                self._ask_presence(frame)
            elif type(frame) is Connect:
                self._connect(frame)
        except InvalidFrame as exc:
            self._bad_frame(exc)

    def binary(self) -> None:
        """See `server.transport.Session`."""
        self._bad_frame(InvalidFrame(ErrorCode.NOT_TEXT, "frames are JSON in text messages"))

    def set_writable(self, writable: bool) -> None:
        """See `server.transport.Session`.

        A client that does not read gets nothing new, and is not read either, so that neither its
        messages nor its answers pile up here.
        """
        self.writable = writable
        self._events.writable(self, writable)
        if not writable:
            self._pause()
        else:
            self.resume()
            if self.sequence.missing:
                self._events.missing(self)

    def lost(self, code: int) -> None:
        """See `server.transport.Session`."""
        self.open = False
        self._events.ended(self, code if self._cut is None else self._cut)

    # Frame by frame.

    def _connect(self, frame: Connect) -> None:
        if self._connecting:
            raise InvalidFrame(ErrorCode.ALREADY_CONNECTED, "one connect frame is enough")
        self._connecting = True
        self._events.connecting(self, frame)

    def _send(self, frame: Send) -> None:
        self._need_connected(frame.id)
        split = split_send_id(frame.id)
        if split is None:
            raise InvalidFrame(ErrorCode.BAD_ID, "the id must be <session>-<number>", frame.id)
        try:
            recipient = check_name("to", frame.to)
        except InvalidName as exc:
            raise InvalidFrame(ErrorCode.BAD_NAME, str(exc), frame.id) from exc
        tail = message_tail(self.user, frame.id, round(self._clock[1](), 3), bytes(frame.body))
        session, number = split
        envelope = Envelope(
            recipient, self.user, frame.id, session, number, tail, frame.durable, frame.receipt
        )
        self._stats.received += 1
        self._asked(len(tail))
        if not self._events.submit(self, envelope):
            self._pause()

    def _ack(self, frame: Ack) -> None:
        self._need_connected(None)
        # An offset that was never delivered here counts in an epoch that is over.
        if frame.offset < self.sequence.next:
            self._events.acknowledged(self, frame.offset)

    def _ask_presence(self, frame: AskPresence) -> None:
        self._need_connected(None)
        try:
            user = check_name("user", frame.user)
        except InvalidName as exc:
            raise InvalidFrame(ErrorCode.BAD_NAME, str(exc)) from exc
        self._asked()
        self._events.asked_presence(self, user)

    def _ask_for_missing(self, lacked: bool) -> None:
        if self.sequence.missing:
            self._stats.gaps += not lacked
            self._events.missing(self)

    def _need_connected(self, id: str | None) -> None:
        if not self.epoch:
            raise InvalidFrame(ErrorCode.NOT_CONNECTED, "the first frame must be connect", id)

    def _bad_frame(self, error: InvalidFrame) -> None:
        self._refused(error.code)
        self._bad_frames += error.code in _UNREADABLE
        self.push(text_frame(error_frame(ErrorCode(error.code), error.reason, error.id)))
        if self._bad_frames >= MAX_BAD_FRAMES:
            self.close(CloseCode.TOO_MANY_BAD_FRAMES, error.code)

    def _refused(self, code: str) -> None:
        self._stats.refused[code] += 1

    def _asked(self, size: int = 0) -> None:
        self._unanswered += 1
        self._unanswered_bytes += size
        if self._unanswered > MAX_UNANSWERED or self._unanswered_bytes > MAX_UNANSWERED_BYTES:
            self._pause()

    def _answered(self, size: int) -> None:
        self._unanswered -= 1
        self._unanswered_bytes -= size
        self.resume()

    def _pause(self) -> None:
        if not self.paused:
            self.paused = True
            self._transport.pause_reading()
