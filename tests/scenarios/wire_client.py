"""A client that speaks frames and nothing else: it neither comes back nor sends anything again."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from cluster.codes import CloseCode
from cluster.frames import SUBPROTOCOL
from tests.services import eventually

Frame = dict[str, Any]


class WireClient:
    """One channel. Frames are kept with the monotonic time at which they came."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        # Everything that has come, in order.
        self.came: list[tuple[float, Frame]] = []
        self._reading = asyncio.create_task(self._read())

    @property
    def frames(self) -> list[Frame]:
        """What has come so far."""
        return [frame for _, frame in self.came]

    @property
    def is_open(self) -> bool:
        """Whether the channel still stands, as far as this side knows."""
        return not self._reading.done()

    @property
    def close_code(self) -> int | None:
        """Why the channel ended; None while it stands."""
        return self._websocket.close_code

    def of(self, kind: str) -> list[Frame]:
        """Return the frames of one type."""
        return [frame for frame in self.frames if frame["type"] == kind]

    @property
    def offsets(self) -> list[int]:
        """The offsets of the messages that came, in order of arrival."""
        return [frame["offset"] for frame in self.of("message")]

    async def say(self, **frame: object) -> float:
        """Write a frame; return the monotonic time at which it was written."""
        data = json.dumps(frame)
        written = time.monotonic()
        await self._websocket.send(data)
        return written

    async def send(self, id: str, to: str, body: object = None, **more: object) -> float:
        """Write a `send` frame; return the monotonic time at which it was written."""
        return await self.say(type="send", id=id, to=to, body=body, **more)

    async def wait_for(
        self, matches: Callable[[Frame], bool], within: float = 20.0
    ) -> tuple[float, Frame]:
        """Return the first frame that matches, and when it came."""

        def found() -> tuple[float, Frame] | None:
            return next((entry for entry in self.came if matches(entry[1])), None)

        entry = await eventually(found, within=within)
        assert entry is not None
        return entry

    async def answer_to(self, id: str, within: float = 20.0) -> Frame:
        """Return the `sent` or `error` frame for an id."""
        kinds = ("sent", "error")
        _, frame = await self.wait_for(
            lambda f: f["type"] in kinds and f.get("id") == id, within=within
        )
        return frame

    async def answered(self, id: str, within: float = 30.0) -> None:
        """Wait until the latest `sent` is that of an id; cheap however much has come."""

        def is_answered() -> bool:
            latest = next((f for _, f in reversed(self.came) if f["type"] != "message"), {})
            assert latest.get("type") != "error", latest
            return latest.get("id") == id

        await eventually(is_answered, within=within)

    async def deliver(self, id: str, to: str, body: object = None, **more: object) -> Frame:
        """Send a message and return its `sent` frame."""
        await self.send(id, to, body, **more)
        frame = await self.answer_to(id)
        assert frame["type"] == "sent", frame
        return frame

    def cut(self) -> None:
        """Drop the connection without a word."""
        self._websocket.transport.abort()

    async def close(self) -> None:
        """Close the channel in order, or cut it if the node does not answer."""
        try:
            async with asyncio.timeout(1.0):
                await self._websocket.close()
        except TimeoutError:
            pass
        finally:
            self.cut()
        await self._reading

    async def _read(self) -> None:
        try:
            async for data in self._websocket:
                self.came.append((time.monotonic(), json.loads(data)))
        except ConnectionClosed:
            return


@asynccontextmanager
async def on_wire(url: str, user: str, **connect: object) -> AsyncIterator[WireClient]:
    """Open a channel and give it when the node has answered `connected`.

    Args:
        url: the node's.
        user: who connects.
        connect: further fields of the `connect` frame.
    """
    client = await open_wire(url, user, **connect)
    try:
        yield client
    finally:
        await client.close()


async def open_wire(url: str, user: str, **connect: object) -> WireClient:
    """Open a channel and return it when the node has answered `connected`; see `on_wire`.

    A node whose Redis was silent for a moment, as on a machine that others use, turns it away for
    now. Then it comes again, as every client does.
    """

    async def join() -> WireClient | None:
        client = WireClient(await open_websocket(url))
        await client.say(type="connect", user=user, **connect)
        await eventually(lambda: client.of("connected") or not client.is_open, within=20.0)
        if client.of("connected"):
            return client
        assert client.close_code == CloseCode.UNAVAILABLE
        return None

    joined = await eventually(join, within=20.0)
    assert joined is not None
    return joined


async def open_websocket(url: str) -> ClientConnection:
    """Open a WebSocket as cheaply as can be, so that there can be a thousand of them."""
    return await connect_websocket(
        url,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        proxy=None,
        open_timeout=20.0,
        ping_interval=None,
        close_timeout=1.0,
        max_size=None,
    )
