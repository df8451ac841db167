"""The events that a client reports through `on_state`. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Happening(StrEnum):
    """What has happened. The comment at each says what `Event` carries with it."""

    # A node has accepted the client: url, node, recovered. What DEGRADED said is over.
    CONNECTED = "connected"
    # The channel is gone and a new one is being looked for: url, code, reason.
    DISCONNECTED = "disconnected"
    # No candidate could be reached in this round; the next follows: reason.
    RETRYING = "retrying"
    # The node asked the client to go elsewhere; it stays connected meanwhile: url (new, or "").
    MOVING = "moving"
    # Some messages to this user can't be replayed any more: url, node, reason.
    MESSAGES_LOST = "messages_lost"
    # Services of the cluster are away, so that messages from other nodes may take a second longer:
    # url, node, reason (their names). It comes again when they are others.
    DEGRADED = "degraded"
    # The node calls no service away any more: url, node.
    RECOVERED = "recovered"
    # A message sent with `durable=False`, or a frame that is no send, was refused: code, reason.
    REFUSED = "refused"
    # The client has ended, by `close()` or for good: code, reason.
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened to the connection.

    Attributes:
        what: which happening.
        url: the node's url; empty if none is concerned.
        node: the node's incarnation; empty if it is not known.
        code: the close code as digits, or the error code; empty for none.
        reason: in words, for people.
        recovered: with CONNECTED: whether everything missed could be replayed.
    """

    what: Happening
    url: str = ""
    node: str = ""
    code: str = ""
    reason: str = ""
    recovered: bool = True


Report = Callable[[Event], None]
