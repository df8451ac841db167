"""A chat in a terminal: what is typed is sent, what arrives is shown."""

import asyncio
from collections.abc import AsyncIterator, Callable

from client_sdk.chat_line import Line, parse_line, printable, show_message, show_presence
from client_sdk.client import Client
from cluster.errors import ClusterError


async def run_chat(client: Client, lines: AsyncIterator[str], show: Callable[[str], None]) -> None:
    """Talk until the lines end.

    Args:
        client: a connected client.
        lines: what is typed.
        show: writes a line.

    Raises:
        Disconnected: a node refused the client for good.
    """
    showing = asyncio.create_task(_show_messages(client, show))
    typing = asyncio.create_task(_send_lines(client, lines, show))
    try:
        await asyncio.wait([showing, typing], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (showing, typing):
            task.cancel()
        await asyncio.gather(showing, typing, return_exceptions=True)
    for task in (showing, typing):
        if not task.cancelled():
            task.result()


async def _show_messages(client: Client, show: Callable[[str], None]) -> None:
    async for message in client:
        show(show_message(message))
        client.handled()


async def _send_lines(
    client: Client, lines: AsyncIterator[str], show: Callable[[str], None]
) -> None:
    line = Line()
    async for typed in lines:
        line = parse_line(typed, line)
        if line.leave:
            return
        if line.hint:
            show(f"* {line.hint}")
        try:
            if line.who:
                show(show_presence(line.who, await client.presence(line.who)))
            if line.text:
                await client.send(line.to, {"text": line.text})
        except ClusterError as exc:
            show(f"* {printable(str(exc))}")
