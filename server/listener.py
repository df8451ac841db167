"""The listener: where WebSockets come in."""

import asyncio

from server.parts import Parts
from server.settings import NodeSettings
from server.transport import TransportSettings, WebSocketTransport

# How many connections may wait to be accepted: a whole node's clients may come at once.
BACKLOG = 4096


async def listen(settings: NodeSettings, parts: Parts) -> asyncio.Server:
    """Listen for clients, and give each a channel.

    Raises:
        OSError: the address cannot be listened on.
    """
    transport = TransportSettings(
        settings.path,
        settings.max_message_bytes,
        settings.max_buffer_bytes,
        settings.origins,
        parts.admission.check,
        parts.admission.arrived,
        parts.admission.left,
    )
    return await asyncio.get_running_loop().create_server(
        lambda: WebSocketTransport(transport, parts.stats, parts.make_channel),
        settings.host,
        settings.port,
        backlog=BACKLOG,
    )
