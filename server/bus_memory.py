"""The bus within one process: every node of it shares a `MemoryExchange`.

It may not lose, double or reorder a batch, and may not call a receiver from within `publish`.
"""

import asyncio
from collections.abc import Callable

from server.bus import Receiver
from server.bus_listener import BusListener


class MemoryExchange:
    """What the buses of one process share: who is open."""

    def __init__(self) -> None:
        # The open buses by the node_id of their node; each enters and removes itself.
        self.buses: dict[str, MemoryBus] = {}


class MemoryBus:
    """The bus of one node, to the other nodes on the same exchange and event loop.

    A batch is delivered in the next turn of the loop: what waits is bounded by what one turn
    publishes.
    """

    def __init__(self, exchange: MemoryExchange, node_id: str) -> None:
        self._exchange = exchange
        self._node_id = node_id
        self._listener = BusListener()
        # The event loop in which `open` was called; None before.
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def connected(self) -> bool:
        """Whether the bus is open: nothing else can be in the way here."""
        return self._listener.connected

    @property
    def receive_errors(self) -> int:
        """How many batches the node's receiver has raised an error for."""
        return self._listener.receive_errors

    async def open(self, receive: Receiver, changed: Callable[[bool], None]) -> None:
        """Enter the exchange; see `server.bus.Bus.open`."""
        self._loop = asyncio.get_running_loop()
        self._listener.attach(receive, changed)
        self._exchange.buses[self._node_id] = self
        self._listener.tell(True)

    def publish(self, batch: bytes, nodes: frozenset[str] | None) -> bool:
        """Deliver to the named nodes, or to all, in the next turn of the loop."""
        if self._loop is None or not self.connected:
            return False
        for node_id, bus in self._exchange.buses.items():
            if nodes is None or node_id in nodes:
                self._loop.call_soon(bus._deliver, batch)
        return True

    async def close(self) -> None:
        """Leave the exchange; what has not been delivered yet is dropped. Safe to call twice."""
        if self._exchange.buses.get(self._node_id) is self:
            del self._exchange.buses[self._node_id]
        self._listener.tell(False)

    def _deliver(self, batch: bytes) -> None:
        if self.connected:
            self._listener.deliver(batch)
