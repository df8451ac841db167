"""The splice: two connections become one, byte for byte. It does not look at what passes.

An end hands what it reads straight to the other's transport: there is no Python code of ours
between a read and a write. What is slower than the other holds it up by way of `pause_reading`.

    the client writes no more       the node is told so, and may go on writing for a while
    the node writes no more         both are closed when what is on its way is written
    one end is gone                 so is the other, when what is on its way is written
    the client takes nothing for    both are cut: while the node is not read, nobody would
    too long                        see it go
    neither says anything           the system asks both whether they are still there: after the
                                    network was away nobody might ever tell
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

# Bytes that wait for a slow end before the other is not read any more.
_HIGH = 64 * 1024

# Seconds in which an end that is being closed has to take what is on its way to it.
CLOSE_WITHIN = 5.0

# Seconds of silence after which the system asks an end, and between two questions; and how many
# questions without an answer cut it. Clients and nodes say something more often.
_ASK_AFTER = 60
_ASK_EVERY = 15
_ASK_TIMES = 4


class End(asyncio.Protocol):
    """One of the two ends."""

    __slots__ = (
        "_ended",
        "_gone",
        "_other",
        "_patience",
        "_timer",
        "data_received",
        "tcp",
        "wrote",
    )

    def __init__(
        self,
        tcp: asyncio.Transport,
        other: asyncio.Transport,
        patience: float | None,
        ended: Callable[[], None],
        gone: Callable[[], None],
    ) -> None:
        """Make an end that hands what it reads to `other`.

        Args:
            tcp: its own connection.
            other: the other's.
            patience: seconds for which it may take nothing; None for ever.
            ended: called when it has said that it writes no more.
            gone: called when its connection is gone.
        """
        # An attribute, which the event loop calls in place of a method: it takes no frame of ours.
        self.data_received = other.write  # type: ignore[method-assign]
        self.tcp = tcp
        # Whether it has written all that it has to say.
        self.wrote = False
        self._other = other
        self._patience = patience
        self._ended = ended
        self._gone = gone
        # Cuts an end that takes nothing; None as long as it does.
        self._timer: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        if not self._other.is_closing():
            self._other.pause_reading()
        if self._patience is not None:
            self._cut_in(self._patience)

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self._stop_timer()
        if not self._other.is_closing():
            self._other.resume_reading()

    def eof_received(self) -> bool:
        """See `asyncio.Protocol`: the socket stays open, since the other may go on writing."""
        self.wrote = True
        if not self._other.is_closing():
            self._other.write_eof()
        self._ended()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self._stop_timer()
        self._gone()

    def close(self) -> None:
        """Close it when what is on its way is written, or after some seconds."""
        if not self.tcp.is_closing():
            self.tcp.close()
            self._stop_timer()
            self._cut_in(CLOSE_WITHIN)

    def _cut_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self.tcp.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Splice:
    """A client's connection and a node's, made one."""

    __slots__ = ("_client", "_ended", "_left", "_node", "_patience", "_timer")

    def __init__(
        self,
        client: asyncio.Transport,
        node: asyncio.Transport,
        *,
        patience: float,
        ended: Callable[["Splice"], None],
    ) -> None:
        """Take two connections over, neither of which is being read.

        Args:
            client: the client's.
            node: the node's.
            patience: seconds for which the client may take nothing of what waits for it, and the
                node may go on when the client has said all.
            ended: called once, when both are gone.
        """
        self._ended = ended
        self._patience = patience
        # Closes both when the client has said all and the node comes to no end; None before.
        self._timer: asyncio.TimerHandle | None = None
        # How many ends are still there.
        self._left = 2
        self._client = End(client, node, patience, self._one_ended, self._one_gone)
        self._node = End(node, client, None, self._one_ended, self._one_gone)
        for end in (self._client, self._node):
            end.tcp.set_write_buffer_limits(high=_HIGH)
            end.tcp.set_protocol(end)
            _keep_alive(end.tcp)

    def begin(self, to_client: bytes, to_node: bytes) -> None:
        """Write what has been read too far, and read both from now on."""
        for end, data in ((self._client, to_client), (self._node, to_node)):
            if data:
                end.tcp.write(data)
            end.tcp.resume_reading()

    def close(self) -> None:
        """Close both ends; what is on its way has some seconds."""
        self._client.close()
        self._node.close()

    def _one_ended(self) -> None:
        # A node that ends its stream has closed; the client may not even be there any more.
        if self._node.wrote:
            self.close()
        elif self._timer is None:
            # Nor may the node be there any more, or do anything at all.
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._patience, self.close)

    def _one_gone(self) -> None:
        self._left -= 1
        if self._timer is not None:
            self._timer.cancel()
        if self._left:
            self.close()
        else:
            self._ended(self)


def _keep_alive(tcp: asyncio.Transport) -> None:
    """Have the system ask a silent end now and then; not every system can be told how often."""
    raw = tcp.get_extra_info("socket")
    often = {"TCP_KEEPIDLE": _ASK_AFTER, "TCP_KEEPINTVL": _ASK_EVERY, "TCP_KEEPCNT": _ASK_TIMES}
    # Some systems refuse it of a connection that has just been cut, which is found out anyway.
    with suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in often.items():
            if hasattr(socket, name):
                raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
