"""What the bus is: how batches of envelopes reach other nodes, fast and without any promise.

Backends: `bus_rabbitmq`, `bus_memory`. One contract suite runs against both. A batch may be lost,
late, doubled or out of order: the offsets in it tell, and the inbox has what is missing.
"""

from collections.abc import Callable
from typing import Protocol

Receiver = Callable[[bytes], None]


class Bus(Protocol):
    """The bus as one node uses it. It rebuilds its connections by itself until it is closed."""

    @property
    def connected(self) -> bool:
        """Whether batches can be both published and received now.

        A broker that blocks publishers, or confirms too late, counts as away.
        """

    @property
    def receive_errors(self) -> int:
        """How often `receive` has raised an error."""

    async def open(self, receive: Receiver, changed: Callable[[bool], None]) -> None:
        """Connect and begin to receive; returns when both work.

        Args:
            receive: called in the event loop with each batch, this node's own included. An error
                that it raises is logged and counted; it never stops the bus.
            changed: called in the event loop whenever `connected` has changed, with its new value.

        Raises:
            ServiceUnavailable: the broker does not answer. Calling again is allowed.
        """

    def publish(self, batch: bytes, nodes: frozenset[str] | None) -> bool:
        """Hand a batch over; returns at once.

        Args:
            batch: at most 128 KiB or so, made by `server.batch`.
            nodes: the only nodes that need it; None for all. A bus may deliver to more.

        Returns:
            False if it was not taken, because the broker is away, blocks or lags behind: nothing
            is buffered without bound.
        """

    async def close(self) -> None:
        """Let go of the broker; what was published just before may be lost."""
