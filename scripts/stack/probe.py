"""Ask a port what it is. Each probe opens one connection and changes nothing on the server."""

from __future__ import annotations

import contextlib
import socket

_TIMEOUT = 2.0


def ask(host: str, port: int, question: bytes, stop: bytes = b"") -> bytes:
    """Send `question` and return what comes back until `stop`, the end, or the timeout.

    Empty when nothing listens or nothing is said.
    """
    answer = b""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((host, port), timeout=_TIMEOUT) as connection,
    ):
        connection.sendall(question)
        while not (stop and stop in answer):
            piece = connection.recv(4096)
            if not piece:
                break
            answer += piece
    return answer


def listens(host: str, port: int) -> bool:
    """Tell whether anything at all accepts a connection there."""
    try:
        socket.create_connection((host, port), timeout=_TIMEOUT).close()
    except OSError:
        return False
    return True


def zookeeper_version(host: str, port: int) -> str | None:
    """Return the version of a ZooKeeper that serves requests there, "?" if it keeps it secret.

    None for anything else. `srvr` is the one four-letter word that is allowed by default.
    """
    answer = ask(host, port, b"srvr")
    if b"not in the whitelist" in answer:
        return "?"
    label, _, rest = answer.partition(b"Zookeeper version: ")
    if label or not rest:
        return None
    return rest.split(b"-", 1)[0].split(b",", 1)[0].decode("ascii", "replace")


def redis_version(host: str, port: int) -> str | None:
    """Return the version of a Redis that is ready there, "?" if it wants a password.

    None for anything else, and for a Redis that is still loading its data.
    """
    answer = ask(host, port, b"PING\r\nINFO server\r\n", stop=b"redis_version:")
    if answer.startswith(b"-NOAUTH"):
        return "?"
    if not answer.startswith(b"+PONG"):
        return None
    _, _, rest = ask(host, port, b"INFO server\r\n", stop=b"redis_git").partition(b"redis_version:")
    return rest.split(b"\r\n", 1)[0].decode("ascii", "replace") or "?"


def rabbitmq_version(host: str, port: int) -> str | None:
    """Return the version of an AMQP 0-9-1 broker there, "?" if it doesn't tell.

    None for anything else. Connection.Start (class 10, method 10) opens every conversation and
    carries the server's properties (AMQP 0-9-1, section 1.4.2.1).
    """
    answer = ask(host, port, b"AMQP\x00\x00\x09\x01", stop=b"\xce")
    if answer[:1] != b"\x01" or answer[7:11] != b"\x00\x0a\x00\x0a":
        return None
    _, found, rest = answer.partition(b"\x07versionS")
    if not found:
        return "?"
    length = int.from_bytes(rest[:4], "big")
    return rest[4 : 4 + length].decode("utf-8", "replace")
