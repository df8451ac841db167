"""One user: connects by the SDK, reads what comes, and leaves and returns when told to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from client_sdk import Client, Event, Happening, Message, connect
from cluster.errors import ClusterError

log = logging.getLogger(__name__)

# Seconds before another attempt where the SDK's own attempts have not been enough.
_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Route:
    """How a user finds a node: an address and a policy of the SDK."""

    address: str
    policy: str


class User:
    """One user and, while it is connected, its client."""

    def __init__(
        self,
        name: str,
        route: Route,
        *,
        received: Callable[[str, Message], None],
        noticed: Callable[[User, Event], None],
    ) -> None:
        """Make a user who is not connected.

        Args:
            name: the user's name.
            route: how it finds nodes.
            received: called with the name and each message that arrives.
            noticed: called with the user and each event of the client.
        """
        self.name = name
        self.route = route
        self._received = received
        self._noticed = noticed
        # The client in use; None while the user is away.
        self.client: Client | None = None
        # The incarnation of the node that holds, or held last, the channel.
        self.node_id = ""
        # Epoch and offset of the last message that arrived: what an application would have kept.
        self._position: tuple[str | None, int | None] = (None, None)
        # Reads messages; None while the user is away.
        self._reading: asyncio.Task[None] | None = None
        # How often a client has ended without being asked to.
        self.ended = 0

    @property
    def connected(self) -> bool:
        """Whether there is a channel now."""
        return self.client is not None and bool(self.client.url)

    async def arrive(self) -> None:
        """Connect, however long it takes, and go on where the last client had stopped."""
        epoch, offset = self._position
        while self.client is None:
            try:
                self.client = await connect(
                    self.route.address,
                    user=self.name,
                    policy=self.route.policy,
                    epoch=epoch,
                    offset=offset,
                    on_state=self._on_state,
                )
            except ClusterError as exc:
                log.warning("%s can't connect yet: %s", self.name, exc)
                await asyncio.sleep(_PAUSE)
        self._reading = asyncio.create_task(self._read(self.client))

    async def leave(self) -> None:
        """Disconnect; returns when the channel is closed, or no longer of use."""
        client, self.client = self.client, None
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
        if client is not None:
            self._position = client.epoch, client.offset
            await client.close()

    async def _read(self, client: Client) -> None:
        try:
            async for message in client:
                self._received(self.name, message)
        except ClusterError as exc:
            self.ended += 1
            log.error("%s: the client has ended: %s", self.name, exc)

    def _on_state(self, event: Event) -> None:
        if event.what is Happening.CONNECTED:
            self.node_id = event.node
        self._noticed(self, event)
