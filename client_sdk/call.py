"""One call of `send`: what it waits for, first the confirmation, then the receipt.

It knows neither the node nor the outbox: the sender brings it what they say.
"""

import asyncio

from client_sdk.message import ReceiptStatus
from client_sdk.outbox import Entry
from cluster.errors import ClusterError


class Call:
    """A call of `send` that has not returned."""

    def __init__(self, *, receipt: bool) -> None:
        """Begin a call, in the event loop; `receipt` says whether it wants one."""
        loop = asyncio.get_running_loop()
        # Its message in the outbox; None until the call has its turn.
        self.entry: Entry | None = None
        # Gets the message's place in the inbox once it is stored; None if that is not known, or
        # for a message that is written and not durable.
        self._stored: asyncio.Future[int | None] = loop.create_future()
        # Gets the receipt, some time after that; None if none is wanted.
        self._receipt: asyncio.Future[ReceiptStatus] | None = (
            loop.create_future() if receipt else None
        )

    @property
    def written_id(self) -> str | None:
        """The message's id; None if it was never written to a node."""
        return self.entry.id if self.entry is not None and self.entry.written else None

    @property
    def wants_receipt(self) -> bool:
        """Whether it waits for a receipt behind the confirmation."""
        return self._receipt is not None

    async def offset(self) -> int | None:
        """Return the message's place when it is stored.

        Raises:
            ClusterError: what `fail` was told.
        """
        return await self._stored

    async def receipt(self, deadline: float) -> ReceiptStatus | None:
        """Return what became of the stored message, `stored` if that is not known in time.

        Args:
            deadline: how long to wait, by the loop's clock.

        Returns:
            None if no receipt is wanted.
        """
        if self._receipt is None:
            return None
        try:
            async with asyncio.timeout_at(deadline):
                return await self._receipt
        except TimeoutError:
            return "stored"

    def stored(self, offset: int | None) -> None:
        """Learn that the message is stored, and where, if that is known."""
        if not self._stored.done():
            self._stored.set_result(offset)

    def received(self, status: ReceiptStatus) -> None:
        """Learn what became of the message."""
        if self._receipt is not None and not self._receipt.done():
            self._receipt.set_result(status)

    def lost(self) -> None:
        """Learn that no receipt can come any more for a message that is stored already."""
        if self._stored.done():
            self.received("stored")

    def fail(self, error: ClusterError) -> None:
        """Learn that the message will not be stored, if it is not; else that no receipt comes."""
        if not self._stored.done():
            self._stored.set_exception(error)
        self.lost()
