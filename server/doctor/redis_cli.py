"""How to call `redis-cli` for a Redis, so that a cure is not carried out on another one. Pure."""

import shlex
from urllib.parse import unquote, urlsplit

_DEFAULT_PORT = 6379
_HERE = ("", "localhost", "127.0.0.1")


def redis_cli(address: str) -> str:
    """Return the command, with what leads to the server; it asks for a password if there is one.

    Args:
        address: the URL, as `--redis` has it; its password is not looked at.
    """
    parts = urlsplit(address)
    words = ["redis-cli"]
    if parts.scheme == "unix":
        words += ["-s", parts.path]
    elif (parts.hostname or "") not in _HERE:
        words += ["-h", str(parts.hostname)]
    if parts.port not in (None, _DEFAULT_PORT):
        words += ["-p", str(parts.port)]
    if parts.scheme == "rediss":
        words.append("--tls")
    if parts.username:
        words += ["--user", unquote(parts.username)]
    if parts.password is not None:
        words.append("--askpass")
    return shlex.join(words)
