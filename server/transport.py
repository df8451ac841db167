"""One WebSocket on an `asyncio.Protocol`, parsed by the Sans-I/O layer of websockets.

Only what clients send most, a whole text message in one frame, goes past it: see `plain_frames`.

No task, queue or future per connection. It knows bytes and WebSocket frames, nothing of their
meaning: that is the session's.
"""

import asyncio
import http
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from websockets.exceptions import NegotiationError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Origin, Subprotocol

from cluster.frames import SUBPROTOCOL
from server.admission import Refusal
from server.frame_credit import SMALL, FrameCredit
from server.plain_frames import FrameBounds, plain_text
from server.stats import Stats
from server.wire import PING

# Seconds in which a peer has to finish the opening or the closing handshake.
HANDSHAKE_TIMEOUT = 10.0
CLOSE_TIMEOUT = 5.0

_log = logging.getLogger(__name__)
_quiet = logging.getLogger("websockets.server")


class Session(Protocol):
    """What a transport reports to. Called in the event loop, never after `lost`."""

    def opened(self) -> None:
        """The opening handshake is done."""

    def text(self, data: bytes) -> None:
        """A whole text message has come; valid UTF-8."""

    def binary(self) -> None:
        """A whole binary message has come."""

    def heard_from(self) -> None:
        """Anything at all has come."""

    def set_writable(self, writable: bool) -> None:
        """The peer has stopped to read (False), or has caught up (True)."""

    def lost(self, code: int) -> None:
        """The connection is gone; `code` is that of the side that closed, 1006 if it was cut."""


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """What every connection of a node has in common.

    Attributes:
        path: the only path at which WebSockets are served.
        max_message_bytes: largest message that a client may send, fragments together.
        max_buffer_bytes: unsent bytes beyond which a peer counts as not reading.
        origins: allowed values of the `Origin` header; None to allow every one. Clients that are
            no browsers send none, and are always allowed.
        admit: called for each handshake; returns why it is turned away, None if it is not.
        arrived: called for each socket; False if it is to be cut off before its handshake.
        left: called for each socket that is gone.
    """

    path: str
    max_message_bytes: int
    max_buffer_bytes: int
    origins: tuple[str, ...] | None = None
    admit: Callable[[], Refusal | None] = lambda: None
    arrived: Callable[[], bool] = lambda: True
    left: Callable[[], None] = lambda: None


class WebSocketTransport(asyncio.Protocol):
    """One connection, from the first byte of the handshake to the last of the close."""

    __slots__ = (
        "_bounds",
        "_closing",
        "_fragments",
        "_loop",
        "_session",
        "_settings",
        "_small",
        "_stats",
        "_tcp",
        "_timer",
        "_ws",
        "proxied",
    )

    def __init__(
        self,
        settings: TransportSettings,
        stats: Stats,
        make_session: Callable[["WebSocketTransport"], Session],
    ) -> None:
        self._settings = settings
        self._stats = stats
        self._loop = asyncio.get_running_loop()
        self._session = make_session(self)
        # The socket; None before it is connected and after it is lost.
        self._tcp: asyncio.Transport | None = None
        # Cuts off a peer that does not finish a handshake; None while no handshake is due.
        self._timer: asyncio.TimerHandle | None = None
        # The session has closed: what still comes is not handed to it.
        self._closing = False
        # The message being assembled: its opcode and the data so far; None between messages.
        self._fragments: tuple[Opcode, list[bytes]] | None = None
        # Whether the handshake came through a proxy that says so (RFC 9110, section 7.6.3). Its
        # clients know its address, and need not reach those of nodes.
        self.proxied = False
        # Where the library's frames end.
        self._bounds = FrameBounds()
        # How many small frames of the library's may still come.
        self._small = FrameCredit()
        origins = None
        if settings.origins is not None:
            origins = [*(Origin(origin) for origin in settings.origins), None]
        self._ws = ServerProtocol(
            origins=origins,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            select_subprotocol=_select_subprotocol,
            max_size=settings.max_message_bytes,
            logger=_quiet,
        )

    # What the session may ask for.

    def write(self, frames: bytes) -> None:
        """Write whole frames, as `server.wire` makes them; dropped if the channel is closing."""
        if self._tcp is not None and self._ws.state is State.OPEN:
            self._tcp.write(frames)

    def ping(self) -> None:
        """Ask the peer for a sign of life."""
        self.write(PING)

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake; the peer has `CLOSE_TIMEOUT` seconds to answer."""
        self._closing = True
        if self._tcp is None or self._ws.state is not State.OPEN:
            return
        self._ws.send_close(code, reason)
        self._flush()
        self.resume_reading()  # the answer has to be read
        self._deadline(CLOSE_TIMEOUT)

    def abort(self) -> None:
        """Cut the connection, and forget what has not been sent."""
        if self._tcp is not None:
            self._tcp.abort()

    def pause_reading(self) -> None:
        """Read nothing more, so that the peer's own sends wait at the peer."""
        if self._tcp is not None:
            self._tcp.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._tcp is not None and not self._tcp.is_closing():
            self._tcp.resume_reading()

    @property
    def peer(self) -> str:
        """The peer's address, for the log."""
        name = None if self._tcp is None else self._tcp.get_extra_info("peername")
        return "?" if not name else str(name[0] if isinstance(name, tuple) else name)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        # Not checked by isinstance: uvloop's transports do not derive from asyncio's.
        self._tcp = tcp = cast(asyncio.Transport, transport)
        if not self._settings.arrived():
            self._stats.handshakes["cut"] += 1
            tcp.abort()
            return
        tcp.set_write_buffer_limits(high=self._settings.max_buffer_bytes)
        self._deadline(HANDSHAKE_TIMEOUT)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._session.heard_from()
        at, size, limit = 0, len(data), self._settings.max_message_bytes
        while at < size:
            plain = plain_text(data, at, limit) if self._may_be_plain() else None
            if plain is None:
                at = self._give_library(data, at)
            else:
                message, at = plain
                self._text(message)

    def eof_received(self) -> None:
        """See `asyncio.Protocol`: the socket is closed when this returns nothing."""
        self._ws.receive_eof()
        self._handle_events()

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self._session.set_writable(False)

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self._session.set_writable(True)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self._tcp = None
        self._settings.left()
        self._no_deadline()
        if self._ws.state is not State.CLOSED:
            self._ws.receive_eof()
        self._session.lost(self._close_code())

    # What happens inside.

    def _may_be_plain(self) -> bool:
        """Tell whether a text message may begin here, and nothing else of the library's goes on."""
        return self._ws.state is State.OPEN and self._fragments is None and self._bounds.between

    def _give_library(self, data: bytes, at: int) -> int:
        """Have the library read what there is of the handshake, or of a frame.

        Returns:
            Where that ends in `data`. Nothing behind it is known to the library yet.
        """
        if self._ws.state is State.CONNECTING:
            end = _end_of_handshake(data, at)
        else:
            begins = self._bounds.between
            end = self._bounds.follow(data, at)
            if begins and end - at <= SMALL and not self._small.take(self._loop.time()):
                self._cut_off()
                return len(data)
        self._ws.receive_data(data[at:end])
        self._handle_events()
        return end

    def _cut_off(self) -> None:
        _log.warning("cut off %s: it sends too many control frames or fragments", self.peer)
        self._stats.floods += 1
        self.abort()

    def _handle_events(self) -> None:
        for event in self._ws.events_received():
            if isinstance(event, Frame):
                self._frame(event)
            elif isinstance(event, Request):
                self._request(event)
        self._flush()

    def _flush(self) -> None:
        """Write what the library has to say: handshakes, pongs, closes, the end of the stream."""
        if self._tcp is None:
            return
        for data in self._ws.data_to_send():
            if not data:
                # What the library says after its end of the stream would never arrive.
                self._tcp.close()
                break
            self._tcp.write(data)
        if self._ws.close_expected() and self._timer is None:
            self._deadline(CLOSE_TIMEOUT)

    def _request(self, request: Request) -> None:
        if request.path.partition("?")[0] != self._settings.path:
            response = self._ws.reject(
                http.HTTPStatus.NOT_FOUND, f"WebSockets are served at {self._settings.path}\n"
            )
        elif (refusal := self._settings.admit()) is not None:
            response = self._turn_away(refusal)
        else:
            self.proxied = "Via" in request.headers
            response = self._ws.accept(request)
        self._answer(response)

    def _turn_away(self, refusal: Refusal) -> Response:
        """Return the answer to a client that may come back later.

        It is made before the handshake is looked at: a crowd has to cost as little as it can.
        """
        self._stats.turned_away[refusal.reason] += 1
        response = self._ws.reject(http.HTTPStatus.SERVICE_UNAVAILABLE, f"{refusal.text}\n")
        # RFC 9110, section 10.2.3: whole seconds.
        response.headers["Retry-After"] = str(refusal.retry_after)
        return response

    def _answer(self, response: Response) -> None:
        accepted = response.status_code == http.HTTPStatus.SWITCHING_PROTOCOLS
        self._stats.handshakes["accepted" if accepted else str(response.status_code)] += 1
        self._ws.send_response(response)
        if accepted:
            self._no_deadline()
            self._session.opened()

    def _frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            if frame.fin:
                self._message(frame.opcode, bytes(frame.data))
            else:
                self._fragments = (frame.opcode, [bytes(frame.data)])
        elif frame.opcode is Opcode.CONT and self._fragments is not None:
            opcode, parts = self._fragments
            if frame.data:
                # Empty ones count nothing against the limit, so they may take no memory either.
                parts.append(bytes(frame.data))
            if frame.fin:
                self._fragments = None
                self._message(opcode, b"".join(parts))

    def _message(self, opcode: Opcode, data: bytes) -> None:
        if opcode is Opcode.TEXT:
            self._text(data)
        elif not self._closing:
            self._session.binary()

    def _text(self, data: bytes) -> None:
        if self._closing:
            return
        try:
            data.decode()
        except UnicodeDecodeError:
            # RFC 6455, section 8.1: fail the connection.
            self.close(1007, "text messages have to be UTF-8")
            return
        self._session.text(data)

    def _close_code(self) -> int:
        """Return the code of whoever closed first; 1006 if nobody did, and it was cut."""
        ours = self._ws.close_sent
        if ours is not None and not self._ws.close_rcvd_then_sent:
            return ours.code
        code = self._ws.close_code
        return 1006 if code is None else code

    def _deadline(self, seconds: float) -> None:
        self._no_deadline()
        self._timer = self._loop.call_later(seconds, self.abort)

    def _no_deadline(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _select_subprotocol(_ws: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Choose ours if it is offered; a client that offers none at all is taken at its word."""
    if not offered:
        return None
    if SUBPROTOCOL in offered:
        return Subprotocol(SUBPROTOCOL)
    raise NegotiationError(f"this node speaks {SUBPROTOCOL}")


def _end_of_handshake(data: bytes, at: int) -> int:
    """Return where the library has to stop reading, to know nothing of the frames behind.

    That is behind the empty line, which may have begun in an earlier piece.
    """
    if data[at] in b"\r\n":
        return data.find(b"\n", at) + 1 or len(data)
    end = data.find(b"\r\n\r\n", at)
    return len(data) if end < 0 else end + 4
