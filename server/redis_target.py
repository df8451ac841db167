"""Which Redis to connect to, read from a URL. It opens nothing."""

import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from redis.asyncio.connection import parse_url

from cluster.address import without_password
from cluster.errors import InvalidAddress

_EXPECTED = (
    "redis://[[USER]:PASSWORD@]HOST[:PORT][/DB], rediss://… for TLS, or unix:///PATH; "
    "options: db, ssl_ca_certs, ssl_certfile, ssl_keyfile"
)
_OPTIONS = frozenset({"db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})


@dataclass(frozen=True, slots=True)
class RedisTarget:
    """One server and how to log in there.

    Attributes:
        address: the URL as it may be shown: without password and options.
        host: name or address; unused if there is a `path`.
        port: TCP port.
        path: of a Unix socket; None for TCP.
        tls: what TLS is made with, the server's name always verified; None for plain TCP.
        username: of the account; None for the default one.
        password: None if the server asks for none.
        db: number of the database.
    """

    address: str
    host: str = "localhost"
    port: int = 6379
    path: str | None = None
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = None
    db: int = 0


def parse_redis_url(url: str) -> RedisTarget:
    """Read a URL as redis-py does, but refuse what it would ignore.

    Raises:
        InvalidAddress: it is not of that form, or a file that it names can't be used.
    """
    shown = _shown(url)
    try:
        given: dict[str, Any] = dict(parse_url(url))
        _check(url, given)
        return RedisTarget(
            shown,
            host=given.get("host", "localhost"),
            port=given.get("port", 6379),
            path=given.get("path"),
            tls=_tls(given) if urlsplit(url).scheme == "rediss" else None,
            username=given.get("username"),
            password=given.get("password"),
            db=int(given.get("db", 0)),
        )
    except (ValueError, OSError) as exc:
        raise InvalidAddress(shown, f"{_EXPECTED} ({exc})") from exc


def _shown(url: str) -> str:
    """Return what may be logged of a URL, even of one that can't be understood."""
    plain = url.partition("?")[0]
    try:
        return without_password(plain)
    except ValueError:
        return plain.partition("://")[0] + "://…"


def _check(url: str, given: dict[str, Any]) -> None:
    """Raise ValueError for what `parse_url` passes on or ignores, and this would not heed."""
    parts = urlsplit(url)
    unknown = parse_qs(parts.query, keep_blank_values=True).keys() - _OPTIONS
    if unknown:
        raise ValueError(f"unknown option {min(unknown)!r}")
    path = parts.path.strip("/")
    if "path" not in given and not (path.isdecimal() or not path):
        raise ValueError(f"no number of a database: {path!r}")


def _tls(given: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=given.get("ssl_ca_certs"))
    if "ssl_certfile" in given:
        context.load_cert_chain(given["ssl_certfile"], given.get("ssl_keyfile"))
    return context
