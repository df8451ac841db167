"""One channel: a WebSocket to a node on which `connect` has been accepted.

The only module that knows the WebSocket library. It decides nothing: what to send, whether to come
back and where to is for others.
"""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from client_sdk.deep import on_fresh_stack
from client_sdk.faults import ABNORMAL, ChannelLost, Unreachable, parse_retry_after
from cluster.codes import CloseCode, ErrorCode
from cluster.errors import InvalidFrame
from cluster.frames import (
    SUBPROTOCOL,
    AnyNodeFrame,
    Connect,
    Connected,
    Error,
    decode_node_frame,
    encode,
)

log = logging.getLogger(__name__)

# Seconds to wait for the node's half of the closing handshake.
_CLOSE_TIMEOUT = 1.0
# A node that says nothing for interval + timeout seconds is dead.
_PING_INTERVAL = 20.0
_PING_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Channel:
    """An open channel.

    Attributes:
        url: the node's url.
        connected: the node's answer to `connect`.
        asked: the `connect` frame that it answers.
    """

    url: str
    connected: Connected
    asked: Connect
    _websocket: ClientConnection

    async def send(self, frame: bytes) -> None:
        """Write a frame; waits while the socket takes no more.

        Raises:
            ChannelLost: the channel is gone.
        """
        try:
            await self._websocket.send(frame, text=True)
        except ConnectionClosed as exc:
            raise _lost(exc) from exc

    async def receive(self) -> AnyNodeFrame:
        """Return the next frame; those that are not understood are logged and left out.

        Raises:
            ChannelLost: the channel is gone, and all that came before was received.
        """
        return await _receive(self._websocket)

    async def close(self) -> None:
        """Close with 1000; returns within seconds, even if the node is dead."""
        try:
            async with asyncio.timeout(2 * _CLOSE_TIMEOUT):
                await self._websocket.close()
        except TimeoutError:
            log.debug("%s did not close in time", self.url)
        finally:
            self._websocket.transport.abort()


def _lost(exc: ConnectionClosed) -> ChannelLost:
    # If this side closed first, what it said is the cause: a message too big, a missing pong.
    close = exc.sent if exc.rcvd is None or exc.rcvd_then_sent is False else exc.rcvd
    if close is None:
        return ChannelLost(ABNORMAL, "the connection was cut")
    if close is exc.sent and close.code == CloseCode.INVALID_DATA:
        # What garbles a text on its way is no reason to stay away: browsers report 1006 as well.
        return ChannelLost(ABNORMAL, "the node sent text that is not UTF-8")
    return ChannelLost(close.code, close.reason)


def read_frame(data: str | bytes) -> AnyNodeFrame | None:
    """Read a message of a node; None for a frame of a type that this version does not know.

    Raises:
        InvalidFrame: it is binary, or no frame at all.
    """
    if isinstance(data, bytes):
        raise InvalidFrame(ErrorCode.NOT_TEXT, "the message is binary")
    try:
        return decode_node_frame(data)
    except InvalidFrame as exc:
        if not isinstance(exc.__cause__, RecursionError):
            raise
        return on_fresh_stack(partial(decode_node_frame, data))


async def _receive(websocket: ClientConnection) -> AnyNodeFrame:
    while True:
        try:
            data = await websocket.recv()
        except ConnectionClosed as exc:
            raise _lost(exc) from exc
        try:
            frame = read_frame(data)
        except InvalidFrame as exc:
            log.warning("the node sent what is no frame: %s", exc)
            continue
        if frame is not None:
            return frame


async def open_channel(url: str, asked: Connect, *, timeout: float, max_size: int) -> Channel:
    """Open a WebSocket, send `connect`, and return when the node has accepted it.

    Cancelling closes what was opened.

    Args:
        url: the node's url.
        asked: the `connect` frame.
        timeout: seconds for all of it.
        max_size: largest message to accept from the node, in bytes.

    Raises:
        Unreachable: the node could not be reached, or refused the WebSocket.
        ChannelLost: the node closed instead of accepting; the code says why.
    """
    try:
        async with asyncio.timeout(timeout):
            websocket = await _open_websocket(url, max_size)
            try:
                return await _introduce(websocket, url, asked)
            except BaseException:
                websocket.transport.abort()
                raise
    except TimeoutError as exc:
        raise Unreachable(f"no answer within {timeout:.3g} s") from exc
    except InvalidStatus as exc:
        wait = parse_retry_after(exc.response.headers.get("Retry-After"))
        raise Unreachable(f"HTTP {exc.response.status_code}", wait) from exc
    except ConnectionRefusedError as exc:
        raise Unreachable("connection refused: nothing listens there") from exc
    except (OSError, ValueError, WebSocketException) as exc:  # ValueError: what is no url at all
        raise Unreachable(str(exc) or type(exc).__name__) from exc


async def _open_websocket(url: str, max_size: int) -> ClientConnection:
    return await connect_websocket(
        url,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,  # 34 KiB a connection, and messages are short
        proxy=None,  # the system's proxy is not meant for nodes
        open_timeout=None,  # the caller's timeout covers more than the handshake
        ping_interval=_PING_INTERVAL,
        ping_timeout=_PING_TIMEOUT,
        close_timeout=_CLOSE_TIMEOUT,
        max_size=max_size,
    )


async def _introduce(websocket: ClientConnection, url: str, asked: Connect) -> Channel:
    refusal = ""
    try:
        await websocket.send(encode(asked), text=True)
        while True:
            frame = await _receive(websocket)
            if isinstance(frame, Connected):
                return Channel(url, frame, asked, websocket)
            if isinstance(frame, Error):
                refusal = frame.reason
                # A node may leave the closing to the client; the code says what it would be.
                code = _REFUSALS.get(frame.code)
                if code is not None:
                    raise ChannelLost(code, refusal)
    except ConnectionClosed as exc:
        raise _lost(exc) from exc
    except ChannelLost as exc:
        raise ChannelLost(exc.code, exc.reason or refusal) from exc


_REFUSALS: dict[str, CloseCode] = {
    ErrorCode.AUTHENTICATION_FAILED: CloseCode.AUTHENTICATION_FAILED,
    ErrorCode.TOKEN_EXPIRED: CloseCode.TOKEN_EXPIRED,
    ErrorCode.BAD_NAME: CloseCode.BAD_CONNECT,
}
