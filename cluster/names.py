"""The rules for names that come from outside: clusters, users, devices and sending sessions."""

import re
import unicodedata

from cluster.errors import InvalidName

MAX_NAME_BYTES = 255
DEFAULT_CLUSTER = "im"

# It is a path element in ZooKeeper, a key prefix in Redis and part of a queue's name in RabbitMQ.
_CLUSTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SEND_ID = re.compile(r"([A-Za-z0-9_.~]{1,64})-([0-9]{1,15})")


def check_cluster(name: str) -> str:
    """Return the cluster's name.

    Raises:
        InvalidName: it is not 1 to 64 of the letters, digits, `.`, `_`, `-`.
    """
    if not _CLUSTER.fullmatch(name):
        raise InvalidName("cluster", "must be 1 to 64 ASCII letters, digits, '.', '_' or '-'")
    return name


def check_name(kind: str, name: str) -> str:
    """Return a user's or device's name.

    Braces are refused because Redis Cluster hashes what stands between the first pair of them
    (Redis Cluster specification, "Hash tags"); control characters because names end up in logs
    and terminals.

    Raises:
        InvalidName: it is empty, longer than 255 bytes in UTF-8, or holds such a character.
    """
    if name.isascii() and name.isalnum() and len(name) <= MAX_NAME_BYTES:
        return name
    if not name:
        raise InvalidName(kind, "must not be empty")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise InvalidName(kind, "must be valid Unicode, without lone surrogates") from None
    if size > MAX_NAME_BYTES:
        raise InvalidName(kind, f"must be at most {MAX_NAME_BYTES} bytes long, not {size}")
    if any(c in "{}" or unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in name):
        raise InvalidName(kind, "must not hold control characters or braces")
    return name


def split_send_id(send_id: str) -> tuple[str, int] | None:
    """Split `<session>-<number>`; None if the id is not of that form."""
    match = _SEND_ID.fullmatch(send_id)
    return (match[1], int(match[2])) if match else None
