"""Asks one node for a WebSocket, and gives its answer. It decides nothing on it."""

import asyncio
import errno
from dataclasses import dataclass
from typing import cast

from balancer.gateway_head import END, BadHead, parse_response

# Seconds in which a node has to accept the connection, and to answer the request.
CONNECT_WITHIN = 2.0
ANSWER_WITHIN = 5.0

# What an answer that is passed on may have in all.
_MOST_BYTES = 64 * 1024


# The reason that says nothing against a node: this process may open no more files.
NO_FILES = "no_files"


class Unanswered(Exception):
    """A node that did not answer.

    Attributes:
        reason: one word for what happened: `refused`, `timeout`, `closed`, `garbled`, `no_files`.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node has answered.

    Attributes:
        tcp: the connection; it is not being read, and has to be closed by whoever has the answer.
        status: the status.
        headers: by their names in small letters.
        data: all that has come: the head, and what stands behind it.
        asking: the protocol that has read it.
    """

    tcp: asyncio.Transport
    status: int
    headers: dict[str, str]
    data: bytes
    asking: "Asking"


class Asking(asyncio.Protocol):
    """One connection to a node, up to the end of its answer's head."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        # What has come so far.
        self.data = b""
        # Set when the connection is made.
        self.tcp: asyncio.Transport
        # Done when there is a head, too much of it, or the connection is lost.
        self.headed = asyncio.get_running_loop().create_future()
        # Done when the node has ended the connection.
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self.tcp = cast(asyncio.Transport, transport)
        self.tcp.write(self._request)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self.data += data
        if len(self.data) > _MOST_BYTES:
            self.tcp.abort()
        elif not self.headed.done() and END in self.data:
            # What follows belongs to whoever takes the connection over.
            self.tcp.pause_reading()
            self.headed.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        for future in (self.headed, self.ended):
            if not future.done():
                future.set_result(None)


async def ask(host: str, port: int, request: bytes) -> Answer:
    """Connect to a node, ask, and return its answer.

    Raises:
        Unanswered: it could not be reached, or answers nothing that is HTTP.
    """
    asking = await _connect(host, port, request)
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await asyncio.shield(asking.headed)
        return _read(asking)
    except TimeoutError:
        asking.tcp.abort()
        raise Unanswered("timeout") from None
    except BaseException:
        asking.tcp.abort()
        raise


async def whole(answer: Answer) -> bytes:
    """Return all of an answer that the node ends by closing; close the connection."""
    if not answer.tcp.is_closing():
        answer.tcp.resume_reading()
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await asyncio.shield(answer.asking.ended)
    except TimeoutError:
        pass  # then it is as whole as it gets
    finally:
        answer.tcp.abort()
    return answer.asking.data


async def _connect(host: str, port: int, request: bytes) -> Asking:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_WITHIN):
            _, asking = await loop.create_connection(lambda: Asking(request), host, port)
    except TimeoutError as exc:
        raise Unanswered("timeout") from exc
    except (OSError, ValueError) as exc:
        # ValueError: the record's host is no name at all.
        ours = getattr(exc, "errno", None) in (errno.EMFILE, errno.ENFILE)
        raise Unanswered(NO_FILES if ours else "refused") from exc
    return asking


def _read(asking: Asking) -> Answer:
    head, found, _ = asking.data.partition(END)
    # A connection that is lost already tells nobody of it again.
    if not found or asking.tcp.is_closing():
        raise Unanswered("closed")
    try:
        status, headers = parse_response(head + found)
    except BadHead as exc:
        raise Unanswered("garbled") from exc
    return Answer(asking.tcp, status, headers, asking.data, asking)
