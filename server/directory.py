"""What the directory is: user → channels, each on a node; it holds ids, since sockets cannot move.

Backends: `directory_redis`, `directory_memory`. One contract suite runs against both.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol


def always() -> bool:
    """Return True."""
    return True


class Directory(Protocol):
    """The directory as one node uses it: what it adds is added for its own node_id.

    Every method raises `cluster.errors.ServiceUnavailable` at once while the service is away.
    """

    async def register_node(self) -> None:
        """Enter this node among the incarnations that the sweep has to care for; idempotent."""

    async def add(self, user: str, channel_id: str) -> None:
        """Enter a channel of this node; idempotent."""

    async def add_all(self, channels: Iterable[tuple[str, str]]) -> None:
        """Enter many (user, channel_id) of this node at once, after the service was away."""

    async def remove(self, user: str, channel_id: str, *, last: bool) -> None:
        """Remove a channel, if it is entered for this node: a newer login is left alone.

        Args:
            user: whose channel it is.
            channel_id: which one.
            last: the user has no other channel on this node.
        """

    async def lookup(self, users: Iterable[str]) -> list[dict[str, str]]:
        """Return channel_id → node_id for each user, in the order asked."""

    async def is_registered(self) -> bool:
        """Tell whether this node is among the incarnations; if not, another has swept it."""

    async def incarnations(self) -> frozenset[str]:
        """Return the node_ids that have not been swept yet, the living ones among them."""

    async def sweep(self, node_id: str, still_dead: Callable[[], bool] = always) -> int:
        """Remove every channel of a dead incarnation; return how many there were.

        Args:
            node_id: the incarnation.
            still_dead: asked again and again; when it says no, the sweep ends where it is.

        Compares before it deletes, so that it may run twice, or on two nodes at once, and never
        touches a channel that the user has since opened on another node.
        """


def nodes_of(channels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the distinct nodes of a user's channels."""
    return tuple(dict.fromkeys(channels.values()))
