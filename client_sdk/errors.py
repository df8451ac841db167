"""The errors that an application gets from the SDK, beside those of `cluster.errors`.

ClusterError
├── Disconnected     the node ended the connection in a way that trying again would not change
├── ClientClosed     the client was used after `close()`
├── InvalidSetting   an option of `connect` or `send` that can't be used (a ValueError, too)
├── InvalidBody      a message's body that JSON cannot express, or that is too large
├── SendRejected     the node refused a message for good; it was not stored
└── Unavailable
    └── SendTimeout  a message was not confirmed in time; it may have been stored
"""

from cluster.errors import ClusterError, Unavailable


class Disconnected(ClusterError):
    """The node refused this client for good; the client has ended.

    Attributes:
        code: the close code (`cluster.codes.CloseCode`).
        reason: what the node said.
    """

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"the node ended the connection for good ({code}): {reason}")


class ClientClosed(ClusterError):
    """The client has been closed."""

    def __init__(self) -> None:
        super().__init__("this client has been closed; connect() makes a new one")


class InvalidSetting(ClusterError, ValueError):
    """An option of `connect` or `send` that can't be used.

    Attributes:
        name: the option.
        reason: what it must be.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} {reason}")


class InvalidBody(ClusterError):
    """A body that cannot be sent; nothing was.

    Attributes:
        reason: what is wrong with it.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"cannot send this body: {reason}")


class SendRejected(ClusterError):
    """A message that the node refused for good; it was not stored.

    Attributes:
        id: the message's id.
        code: why, as a word (`cluster.codes.ErrorCode`).
        reason: why, as a sentence.
    """

    def __init__(self, id: str, code: str, reason: str) -> None:
        self.id = id
        self.code = code
        self.reason = reason
        super().__init__(f"the node refused message {id} ({code}): {reason}")


class SendTimeout(Unavailable):
    """A message that was not confirmed in time and will not be sent again.

    Attributes:
        id: the message's id; None if it was never written to a node, so it was not stored.
        seconds: how long it was waited for.
    """

    def __init__(self, id: str | None, seconds: float) -> None:
        self.id = id
        self.seconds = seconds
        doubt = (
            "it was not sent" if id is None else f"message {id} may have been stored nevertheless"
        )
        super().__init__(f"not confirmed within {seconds:g} s: {doubt}")
