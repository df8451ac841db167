"""The errors that cross a module boundary, as one tree; libraries' own errors never do.

    ClusterError
    ├── InvalidName            a cluster, user, device or session name that may not be used
    ├── InvalidAddress         an address or URL that cannot be understood
    ├── InvalidRecord          a znode (or a balancer's answer) that does not hold a node record
    ├── InvalidCache           a file that does not hold a list of nodes
    ├── InvalidFrame           a WebSocket message that is not a frame of the protocol
    ├── AuthenticationFailed   a token that is missing, wrong or expired
    └── Unavailable            something may work later: the only branch worth a retry
        ├── ServiceUnavailable     ZooKeeper, Redis or RabbitMQ does not answer
        ├── EpochChanged           Redis is not the store that it was: it was wiped or replaced
        └── NoNodeAvailable        no node could be picked or reached

Messages are built from the attributes, so that a caller can act on the data and a log can show it.
"""

from collections.abc import Sequence


class ClusterError(Exception):
    """Root of every error that this project raises on purpose."""


class InvalidName(ClusterError):
    """A name that may not be used.

    Attributes:
        kind: what the name is for: `cluster`, `user`, `device` …
        reason: which rule it breaks, in words.
    """

    def __init__(self, kind: str, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(f"{kind} {reason}")


class InvalidAddress(ClusterError):
    """An address that cannot be understood.

    Attributes:
        address: the text that was given.
        expected: what would have been understood.
    """

    def __init__(self, address: str, expected: str) -> None:
        self.address = address
        self.expected = expected
        super().__init__(f"cannot use the address {address!r}: expected {expected}")


class InvalidRecord(ClusterError):
    """Bytes that do not hold a node record.

    Attributes:
        source: where the bytes stood, a znode's path for example.
        reason: what is wrong with them.
    """

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"{source} holds no node record: {reason}")


class InvalidCache(ClusterError):
    """A file that does not hold the list of nodes that is looked for.

    Attributes:
        reason: what is wrong with it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class InvalidFrame(ClusterError):
    """A message that is not a frame of the protocol.

    Attributes:
        code: the error code that the peer is told (`cluster.codes.ErrorCode`).
        reason: what is wrong with it.
        id: the id of the `send` that is refused; None if it could not be read.
    """

    def __init__(self, code: str, reason: str, id: str | None = None) -> None:
        self.code = code
        self.reason = reason
        self.id = id
        super().__init__(f"{code}: {reason}")


class AuthenticationFailed(ClusterError):
    """A token that does not prove the user.

    Attributes:
        reason: what is wrong with it; safe to show to the client.
        expired: True if the token was right once; a new one of the same kind will do.
    """

    def __init__(self, reason: str, *, expired: bool = False) -> None:
        self.reason = reason
        self.expired = expired
        super().__init__(reason)


class Unavailable(ClusterError):
    """Something that does not work now and may work later."""


class ServiceUnavailable(Unavailable):
    """A service that does not answer.

    Attributes:
        service: its name: `ZooKeeper`, `Redis` or `RabbitMQ`.
        address: where it was looked for, without any password.
        reason: what happened.
    """

    def __init__(self, service: str, address: str, reason: str) -> None:
        self.service = service
        self.address = address
        self.reason = reason
        super().__init__(f"cannot reach {service} at {address}: {reason}")


class EpochChanged(Unavailable):
    """The store's epoch is not the one that the caller works in; nothing was written.

    Attributes:
        expected: the epoch that the caller named.
        found: the epoch of the store; None if it has none (it is empty).
    """

    def __init__(self, expected: str, found: str | None) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"the store is in epoch {found}, not {expected}: it was wiped or replaced")


class NoNodeAvailable(Unavailable):
    """No node could be picked or reached.

    Attributes:
        tried: a line for each address that was tried, with what happened there.
    """

    def __init__(self, reason: str, tried: Sequence[str] = ()) -> None:
        self.reason = reason
        self.tried = tuple(tried)
        super().__init__("\n  ".join((reason, *self.tried)))


def is_retryable(error: BaseException) -> bool:
    """Tell whether doing the same again later can succeed."""
    return isinstance(error, Unavailable)
