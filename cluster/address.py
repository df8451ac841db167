"""Addresses as people write them: `HOST:PORT`, ZooKeeper host lists with a chroot."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from cluster.errors import InvalidAddress

DEFAULT_ZOOKEEPER = "127.0.0.1:2181"
DEFAULT_REDIS = "redis://127.0.0.1:6379/0"
DEFAULT_AMQP = "amqp://guest:guest@127.0.0.1:5672/%2F"
_ZOOKEEPER_PORT = 2181

# What a client connects to stands in the record, which has to fit into a small znode.
MAX_PUBLIC_URL = 255

_PLAIN_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_])?")
_HOST_PORT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]]+))(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True)
class ZookeeperAddress:
    """Where an ensemble is.

    Attributes:
        hosts: `host:port,host:port`, every port spelled out.
        chroot: path under which everything stands, with its leading `/`; empty for none.
    """

    hosts: str
    chroot: str = ""

    def __str__(self) -> str:
        return self.hosts + self.chroot


def parse_host_port(text: str, default_port: int | None = None) -> tuple[str, int]:
    """Split `host:port` or `[v6]:port`.

    Raises:
        InvalidAddress: it is not of that form, or has no port and there is no default.
    """
    match = _HOST_PORT.fullmatch(text.strip())
    expected = "HOST:PORT" if default_port is None else "HOST or HOST:PORT"
    if not match:
        raise InvalidAddress(text, expected)
    port = int(match["port"]) if match["port"] else default_port
    if port is None or not 0 < port < 65536:
        raise InvalidAddress(text, f"{expected} with a port from 1 to 65535")
    return match["v6"] or match["host"], port


def join_host_port(host: str, port: int) -> str:
    """Write `host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_plain_host(host: str) -> bool:
    """Tell whether this is a name or an address, and nothing else to whoever reads it.

    Records come from elsewhere: what is made of their hosts must not say more than where to go.
    """
    if ":" in host:
        try:
            # A zone ("fe80::1%eth0") means nothing elsewhere, and may hold anything.
            return ipaddress.IPv6Address(host).scope_id is None
        except ValueError:
            return False
    # nginx reads "unix:7177" as the path of a socket.
    return _PLAIN_HOST.fullmatch(host) is not None and host.lower() != "unix"


def parse_zookeeper(text: str) -> ZookeeperAddress:
    """Read `HOST:PORT[,HOST:PORT…][/chroot]`; a missing port means 2181.

    Raises:
        InvalidAddress: it is not of that form.
    """
    hosts, slash, path = text.partition("/")
    expected = "HOST:PORT[,HOST:PORT…][/chroot]"
    try:
        pairs = [parse_host_port(part, _ZOOKEEPER_PORT) for part in hosts.split(",")]
    except InvalidAddress as exc:
        raise InvalidAddress(text, expected) from exc
    chroot = slash + path.rstrip("/")
    if "//" in chroot or any(c.isspace() for c in chroot):
        raise InvalidAddress(text, expected)
    return ZookeeperAddress(
        ",".join(join_host_port(*pair) for pair in pairs), "" if chroot == "/" else chroot
    )


def check_public_url(text: str) -> str:
    """Return the URL at which clients reach a node.

    Raises:
        InvalidAddress: it is no `ws://` or `wss://` URL with a host, is too long, or has parts that
            clients do not send to a node.
    """
    expected = "ws://HOST[:PORT]/PATH or wss://HOST[:PORT]/PATH"
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for a port that is none
    except ValueError as exc:
        raise InvalidAddress(text, expected) from exc
    plain = not (parts.username or parts.query or parts.fragment or any(c.isspace() for c in text))
    if parts.scheme not in ("ws", "wss") or not parts.hostname or not plain:
        raise InvalidAddress(text, expected)
    if len(text) > MAX_PUBLIC_URL:
        raise InvalidAddress(text, f"{expected}, at most {MAX_PUBLIC_URL} long")
    return text


def without_password(url: str) -> str:
    """Return a URL that may be logged: the password, if any, replaced by `***`."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{host}"))


def reachable_host(listen_host: str) -> str:
    """Return the address by which others reach a listener on `listen_host`.

    For a wildcard it is the address of the interface that leads out of this machine: a datagram
    socket "connected" to a documentation address (RFC 5737) tells which, without sending
    anything. A machine without a route has only its loopback.
    """
    if listen_host not in ("", "0.0.0.0", "::"):
        return listen_host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
