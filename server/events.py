"""What a channel reports to the node that it is on; `server.channel_events` is who listens."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from cluster.frames import Connect
from server.envelope import Envelope

if TYPE_CHECKING:
    from server.channel import Channel


class Events(Protocol):
    """What a channel reports; none of it may block."""

    def connecting(self, channel: "Channel", frame: Connect) -> None:
        """The client has sent `connect`: answer by `Welcome.say` or `refuse`, later."""

    @property
    def submit(self) -> "Callable[[Channel, Envelope], bool]":
        """Called when the client sends a message: answer by `sent` or `failed`, later.

        Returns False if the node has enough waiting, so that the channel should not be read.
        """

    def acknowledged(self, channel: "Channel", offset: int) -> None:
        """The client has handled everything up to `offset`."""

    def asked_presence(self, channel: "Channel", user: str) -> None:
        """The client wants to know whether a user is there: answer by `tell` and `done`, later."""

    @property
    def missing(self) -> "Callable[[Channel], None]":
        """Called when the inbox holds what the channel lacks: `channel.sequence` says what."""

    def opened(self, channel: "Channel") -> None:
        """The WebSocket is open; the client has yet to say who it is."""

    def writable(self, channel: "Channel", writable: bool) -> None:
        """The client has stopped reading, or has caught up."""

    def ended(self, channel: "Channel", code: int) -> None:
        """The channel is gone; `code` is that of the side that ended it, 1006 for neither."""
