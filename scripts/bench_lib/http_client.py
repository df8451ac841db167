"""Clients of HTTP that keep their connection and ask again as soon as they have an answer."""

from __future__ import annotations

import asyncio
import time
from typing import cast

_LENGTH = b"content-length:"
_END = b"\r\n\r\n"


class BadAnswer(Exception):
    """A server's answer is not a 200 with a length; says how it begins."""


def split_answer(data: bytes) -> int:
    """Return the size of the answer that stands at the beginning; 0 while its head is not whole.

    Raises:
        BadAnswer: it is not a 200, or does not say how long it is.
    """
    end = data.find(_END)
    if end < 0:
        return 0
    head = data[:end].lower()
    at = head.find(_LENGTH)
    if b" 200 " not in head.partition(b"\r\n")[0] or at < 0:
        raise BadAnswer(repr(data[:100]))
    length = head[at + len(_LENGTH) :].partition(b"\r\n")[0]
    return end + len(_END) + int(length)


class HttpClient(asyncio.Protocol):
    """One connection that asks the same again and again."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._tcp: asyncio.Transport | None = None
        # What has come of the answer so far.
        self._data = b""
        # When the question that is not answered yet was asked; seconds of `time.perf_counter`.
        self._asked = 0.0
        # When each answer came, and how long it took.
        self.answers: list[tuple[float, float]] = []
        # Whether it asks on.
        self.running = True
        # Why it has ended before it was told to; None otherwise.
        self.failed: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self._tcp = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        now = time.perf_counter()
        self._data += data
        try:
            size = split_answer(self._data)
        except BadAnswer as exc:
            self._end(f"answered {exc}")
            return
        if not size or len(self._data) < size:
            return
        self.answers.append((now, now - self._asked))
        self._data = b""
        if self.running:
            self._ask()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        if self.running:
            self._end(f"closed ({exc})")

    def _ask(self) -> None:
        assert self._tcp is not None
        self._asked = time.perf_counter()
        self._tcp.write(self._request)

    def _end(self, failed: str | None) -> None:
        self.running = False
        self.failed = self.failed or failed
        if self._tcp is not None:
            self._tcp.close()
