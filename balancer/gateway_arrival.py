"""An arrival: a client that has not asked yet, or waits for the answer to what it has asked."""

import asyncio
import http
from collections.abc import Callable
from typing import Protocol, cast

from balancer.gateway_answers import refusal
from balancer.gateway_head import END

MAX_HEAD_BYTES = 16 * 1024

# Seconds in which a client has to have asked.
HEAD_WITHIN = 5.0

# Seconds in which a client has to take the answer that it is closed with.
_FAREWELL = 5.0


class Host(Protocol):
    """Who receives arrivals. Called in the event loop."""

    def arrived(self, arrival: "Arrival") -> None:
        """A client has connected."""

    def asked(self, arrival: "Arrival", head: bytes) -> None:
        """The head of its request is complete; the connection is not read any more."""

    def fell_short(self, arrival: "Arrival", status: int, reason: str) -> None:
        """There will be no request; the client has to be refused with this status."""

    def gone(self, arrival: "Arrival") -> None:
        """The connection is lost, and no other protocol had taken it over."""


class Arrival(asyncio.Protocol):
    """One client's connection, from the first byte to the end of its request's head."""

    def __init__(self, host: Host, *, within: float = HEAD_WITHIN) -> None:
        """Make the protocol for a connection that is about to be made.

        Args:
            host: who receives it.
            within: seconds in which the head of its request has to be there.
        """
        self._host = host
        self._within = within
        # What has come so far; behind the head, once that is complete.
        self.data = b""
        # Set when the connection is made.
        self.tcp: asyncio.Transport
        # Ends a client that takes too long; None while nothing is due.
        self._timer: asyncio.TimerHandle | None = None
        # The head is complete, or the client was turned away: nothing more is listened to.
        self.done = False

    @property
    def peer(self) -> str:
        """The address of whoever is connected."""
        name = self.tcp.get_extra_info("peername")
        # Without the zone of a link-local address: it means nothing elsewhere.
        return str(name[0]).partition("%")[0] if isinstance(name, tuple) else ""

    def refuse(self, status: int, reason: str, retry_after: int | None = None) -> None:
        """Answer and close; see `gateway_answers.refusal`."""
        self.answer(refusal(status, reason, retry_after))

    def answer(self, data: bytes) -> None:
        """Write a whole answer and nothing more; the client has some seconds to close.

        Until then what it sends is read and dropped: if the connection were closed with that
        unread, the system would send a reset, which can overtake the answer.
        """
        self.done = True
        if not self.tcp.is_closing():
            self.tcp.write(data)
            self.tcp.write_eof()
            self.tcp.resume_reading()
            self._due_in(_FAREWELL, self.tcp.abort)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        # Not checked by isinstance: uvloop's transports do not derive from asyncio's.
        self.tcp = cast(asyncio.Transport, transport)
        self._due_in(self._within, self._late)
        self._host.arrived(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self.done:
            return
        self.data += data
        head, found, rest = self.data.partition(END)
        if len(head) > MAX_HEAD_BYTES:
            status = http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self._host.fell_short(self, status, f"a head has at most {MAX_HEAD_BYTES} bytes")
        elif found:
            self.done = True
            self._not_due()
            self.tcp.pause_reading()
            self.data = rest
            self._host.asked(self, head + found)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self._not_due()
        self._host.gone(self)

    def _late(self) -> None:
        status = http.HTTPStatus.REQUEST_TIMEOUT
        self._host.fell_short(self, status, f"no request within {self._within:g} s")

    def _due_in(self, seconds: float, what: Callable[[], None]) -> None:
        self._not_due()
        self._timer = asyncio.get_running_loop().call_later(seconds, what)

    def _not_due(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
