"""All parts of a node on the memory backends, without sockets, registry or admin port."""

from __future__ import annotations

import uuid
from typing import Any

from server.backends import MemoryWorld, memory_backends
from server.bus_memory import MemoryBus
from server.parts import Parts
from server.settings import NodeSettings
from tests.server.faults import FaultyInbox
from tests.server.wires import Peer
from tests.services.eventually import eventually


class Rig:
    """A node without its outside, for as long as it is entered. Several may share a world."""

    def __init__(self, world: MemoryWorld | None = None, **settings: Any) -> None:
        self.world = world or MemoryWorld()
        self.node_id = str(uuid.uuid4())
        chosen = NodeSettings(**settings)
        backends = memory_backends(chosen, self.node_id, self.world)
        self.inbox = FaultyInbox(backends.inbox)
        self.directory = backends.directory
        assert isinstance(backends.bus, MemoryBus)
        self.bus = backends.bus
        parts = type(backends)(backends.registry, backends.directory, self.inbox, backends.bus)
        self.parts = Parts(self.node_id, chosen, parts)

    async def __aenter__(self) -> Rig:
        await self.inbox.open()
        await self.bus.open(self.parts.dispatch.receive, lambda _connected: None)
        await self.directory.register_node()
        self.parts.run()
        self.parts.login.ready.set()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.parts.tasks.stop()
        await self.bus.close()

    def plug(self) -> Peer:
        """Return a client whose WebSocket is open."""
        peer = Peer(self.parts.make_channel)
        peer.handshake()
        return peer

    async def join(self, user: str, **fields: Any) -> Peer:
        """Return a client that is connected as `user`, and has heard so."""
        peer = self.plug()
        peer.say("connect", user=user, **fields)
        [frame] = await hear(peer)
        assert frame["type"] == "connected", frame
        return peer

    def sequence_of(self, user: str) -> Any:
        """Return the sequence of a user's first channel here."""
        return self.parts.hub.users[user][0].sequence


async def hear(peer: Peer, count: int = 1, within: float = 5.0) -> list[dict[str, Any]]:
    """Return the next frames that a client gets."""
    frames: list[dict[str, Any]] = []

    def enough() -> bool:
        frames.extend(peer.messages(count - len(frames)))
        return len(frames) == count

    await eventually(enough, within)
    return frames
