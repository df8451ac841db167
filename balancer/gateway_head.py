"""Heads of HTTP/1.1 messages as a gateway sees them: read as little as it must, change less.

Pure: bytes in, bytes out. What two programs read differently is how requests are smuggled past the
first of them, so whatever is not plainly right is refused (RFC 9112, sections 2.2, 3.2 and 5).

A request's head goes on byte for byte as the client wrote it, but for two headers at its end:

    X-Forwarded-For: what the client said, and its address
    Via:             what the client said, and this gateway (RFC 9110, section 7.6.3)
"""

import re
from dataclasses import dataclass

# What a head ends with.
END = b"\r\n\r\n"

# What nodes take, less the two headers that are added. Beyond it those with an older library end
# the connection without an answer, and would be thought to have failed.
MAX_HEADERS = 120
MAX_LINE_BYTES = 8000

# How the gateway calls itself in `Via`.
VIA = "1.1 im-gateway"

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST = re.compile(rb"(" + _TOKEN + rb") ([\x21-\x7e]+) HTTP/1\.([01])")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\r\n\0]*)?")
_NAME = re.compile(_TOKEN)
# A lone CR or LF would be the end of a line to some. Other control characters nodes refuse without
# an answer, and would be thought to have failed (RFC 9110, section 5.5).
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


class BadHead(Exception):
    """A head that is not passed on.

    Attributes:
        status: what the client is answered.
        reason: the same in words.
    """

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status}: {reason}")


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a client's request for a WebSocket.

    Attributes:
        path: what it asks for, without the query.
        first: its request line.
        headers: names as they were written and values, in order.
    """

    path: str
    first: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    def values(self, name: str) -> list[str]:
        """Return the values of all headers of a name, in order."""
        wanted = name.lower().encode()
        return [v.decode("latin-1") for n, v in self.headers if n.lower() == wanted]

    def passed_on(self, peer: str) -> bytes:
        """Return the head for the node.

        Args:
            peer: the address of whoever is connected to the gateway.
        """
        added = {"X-Forwarded-For": peer, "Via": VIA}
        dropped = {name.lower().encode() for name in added}
        lines = [self.first]
        lines += [b"%b: %b" % pair for pair in self.headers if pair[0].lower() not in dropped]
        for name, value in added.items():
            lines.append(f"{name}: {', '.join([*self.values(name), value])}".encode("latin-1"))
        return b"\r\n".join(lines) + END


def parse_request(head: bytes) -> Request:
    """Read the head of a request for a WebSocket (RFC 6455, section 4.1).

    Args:
        head: all up to and including the empty line.

    Raises:
        BadHead: it is not such a request, or not plainly one.
    """
    first, headers = _split(head)
    line = _REQUEST.fullmatch(first)
    if line is None:
        raise BadHead(400, "this is no HTTP/1.1 request")
    request = Request(line[2].decode("ascii").partition("?")[0], first, headers)
    if line[1] != b"GET":
        raise BadHead(405, "WebSockets are asked for by GET")
    if "websocket" not in _words(request, "Upgrade") or line[3] != b"1":
        raise BadHead(426, "there are WebSockets here, and nothing else")
    if len(headers) > MAX_HEADERS or max(map(len, head.split(b"\r\n"))) > MAX_LINE_BYTES:
        limits = f"{MAX_HEADERS} headers and lines of {MAX_LINE_BYTES} bytes"
        raise BadHead(431, f"a head has at most {limits}")
    if "upgrade" not in _words(request, "Connection"):
        raise BadHead(400, "the header Connection does not say Upgrade")
    if len(request.values("Host")) != 1:
        raise BadHead(400, "there has to be one Host")
    if request.values("Transfer-Encoding") or request.values("Content-Length") not in ([], ["0"]):
        raise BadHead(400, "this request cannot have a body")
    return request


def parse_response(head: bytes) -> tuple[int, dict[str, str]]:
    """Return the status of a response, and its headers by their names in small letters.

    Args:
        head: all up to and including the empty line.

    Raises:
        BadHead: it is no response.
    """
    first, headers = _split(head)
    line = _STATUS.fullmatch(first)
    if line is None:
        raise BadHead(502, "this is no HTTP/1.1 response")
    named = {n.lower().decode("ascii"): v.decode("latin-1") for n, v in headers}
    return int(line[1]), named


def _split(head: bytes) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    """Split a head into its first line and its headers."""
    first, *lines = head.removesuffix(END).split(b"\r\n")
    headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        # Nor is a line that continues the one before, or has a space before its colon.
        if not colon or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise BadHead(400, "there is a line that is no header")
        headers.append((name, value.strip(b" \t")))
    return first, tuple(headers)


def _words(request: Request, name: str) -> set[str]:
    """Return the words of a header that is a list, in small letters."""
    return {word.strip().lower() for value in request.values(name) for word in value.split(",")}
