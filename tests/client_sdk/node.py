"""A scripted node: speaks `im.v1` truly, on real sockets, and misbehaves when told to."""

import asyncio
import contextlib
import http
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from cluster import frames
from cluster.codes import CloseCode, ErrorCode
from tests.client_sdk.store import Store
from tests.services import free_port


@dataclass
class NodeChannel:
    """One accepted connection."""

    websocket: ServerConnection
    asked: frames.Connect
    # The offset that goes out next.
    next: int
    # The send that failed and has to come again before any other; None for none.
    awaited: str | None = None
    # Wakes the task that writes messages.
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    # Receipts that are owed here: the recipient, the offset, the send's id.
    owed: list[tuple[str, int, str]] = field(default_factory=list)

    def write(self, frame: bytes) -> None:
        """Write a frame without waiting; a client that is leaving gets nothing."""
        if self.websocket.protocol.state is State.OPEN:
            self.websocket.protocol.send_text(frame)
            self.websocket.send_data()


class ScriptedNode:
    """A node with switches for what can go wrong."""

    def __init__(self, store: Store, name: str = "node", peers: "list[ScriptedNode] | None" = None):
        self.store = store
        self.name = name
        # All nodes of the cluster: they wake each other's channels.
        self.peers = peers if peers is not None else []
        self.peers.append(self)
        self.port = free_port()
        self._server: Server | None = None
        self.channels: list[NodeChannel] = []
        # Every connection, those still shaking hands included.
        self._transports: set[asyncio.Transport] = set()
        # How many handshakes there were, those refused included.
        self.handshakes = 0
        # What clients said, in order.
        self.connects: list[frames.Connect] = []
        self.sends: list[frames.Send] = []
        self.acks: list[int] = []
        self.questions: list[str] = []
        # How many handshakes were answered by `http_refusal`.
        self.refusals = 0
        # Switches.
        self.refuse: tuple[int, str] | None = None
        self.http_refusal: tuple[int, str] | None = None
        self.error_before_close: frames.Error | None = None
        self.reject: dict[str, tuple[str, str]] = {}
        self.keep_sent_back = False
        self.keep_receipts_back = False
        self.keep_presence_back = False
        self.presence_unknown = False
        self.mangle: Callable[[bytes], Iterable[bytes]] = lambda frame: (frame,)
        self.silent = False

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def bodies(self) -> list[object]:
        """What was sent, decoded, repetitions included."""
        return [msgspec.json.decode(send.body) for send in self.sends]

    async def start(self) -> "ScriptedNode":
        """Listen; on the same port each time."""
        self._server = await serve(
            self._talk,
            "127.0.0.1",
            self.port,
            subprotocols=[Subprotocol(frames.SUBPROTOCOL)],
            process_request=self._process_request,
            close_timeout=0.2,
            create_connection=self._connection_class(),
            max_queue=None,
        )
        return self

    def _connection_class(self) -> type[ServerConnection]:
        transports = self._transports

        class Tracked(ServerConnection):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                transports.add(self.transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.discard(self.transport)
                super().connection_lost(exc)

        return Tracked

    async def stop(self, code: int = CloseCode.NODE_STOPPING) -> None:
        """Close all channels with a code and stop listening."""
        if self._server is not None:
            await self._stop_accepting(self._server)
            self._server.close(code=code)
            await self._server.wait_closed()
            self._server = None
            await self._cut_latecomers()

    async def _stop_accepting(self, server: Server) -> None:
        """Take no more connections, and let asyncio make transports of those that were taken.

        Python 3.11 never closes a connection that it took before its server closed, and of which it
        makes a transport after that (`Server._attach` fails).
        """
        for listener in server.sockets:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        for _ in range(3):
            await asyncio.sleep(0)

    async def _cut_latecomers(self) -> None:
        """Cut those who were accepted while the server closed; it does not know of them."""
        for _ in range(3):  # rounds of the loop in which asyncio makes a transport of each
            await asyncio.sleep(0)
        while self._transports:
            for transport in list(self._transports):
                transport.abort()
            await asyncio.sleep(0)

    async def kill(self) -> None:
        """Cut all connections and stop listening, as a killed process would."""
        if self._server is not None:
            await self._stop_accepting(self._server)
            for transport in list(self._transports):  # those still shaking hands included
                transport.abort()
        await self.stop()

    def cut(self) -> None:
        """Cut all connections; new ones are taken."""
        for channel in self.channels:
            channel.websocket.transport.abort()

    async def close_channels(self, code: int, reason: str) -> None:
        """Close all channels with a code."""
        await asyncio.gather(*(c.websocket.close(code, reason) for c in list(self.channels)))

    async def say(self, frame: frames.NodeFrame | bytes) -> None:
        """Write a frame to every channel that is still open."""
        data = frame if isinstance(frame, bytes) else frames.encode(frame)
        for channel in list(self.channels):
            with contextlib.suppress(ConnectionClosed):
                await channel.websocket.send(data, text=True)

    def _process_request(self, websocket: ServerConnection, _request: Request) -> Response | None:
        self.handshakes += 1
        if self.http_refusal is None:
            return None
        self.refusals += 1
        code, retry_after = self.http_refusal
        response = websocket.respond(http.HTTPStatus(code), "not now\n")
        response.headers["Retry-After"] = retry_after
        return response

    async def _talk(self, websocket: ServerConnection) -> None:
        try:
            connect = frames.decode_client_frame(await websocket.recv(decode=False))
            assert isinstance(connect, frames.Connect), "the first frame was no connect"
            self.connects.append(connect)
            if self.silent:
                await websocket.wait_closed()
            elif self.refuse is not None:
                if self.error_before_close is not None:
                    await websocket.send(frames.encode(self.error_before_close), text=True)
                await websocket.close(*self.refuse)
            else:
                await self._serve(self._accept(websocket, connect))
        except ConnectionClosed:
            return

    def _accept(self, websocket: ServerConnection, connect: frames.Connect) -> NodeChannel:
        inbox = self.store.inboxes[connect.user]
        after = connect.offset
        same = connect.epoch in (None, self.store.epoch)
        if after is None:
            after = self.store.cursors.get((connect.user, connect.device), len(inbox.tails))
        start = max(after, inbox.oldest() - 1) if same else inbox.oldest() - 1
        start = min(start, len(inbox.tails))
        self._answer = frames.Connected(
            channel=f"c{len(self.connects)}",
            node=self.name,
            epoch=self.store.epoch,
            offset=start,
            recovered=same and start == after,
            heartbeat=25.0,
        )
        return NodeChannel(websocket, connect, start + 1)

    async def _serve(self, channel: NodeChannel) -> None:
        await channel.websocket.send(frames.encode(self._answer), text=True)
        self.channels.append(channel)
        writing = asyncio.create_task(self._write(channel))
        try:
            async for data in channel.websocket:
                assert isinstance(data, str)
                await self._take(channel, frames.decode_client_frame(data.encode()))
        finally:
            self.channels.remove(channel)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _write(self, channel: NodeChannel) -> None:
        """Write what the inbox holds, in order, whenever there is more."""
        while True:
            tails = self.store.inboxes[channel.asked.user].tails
            while channel.next <= len(tails):
                tail = tails[channel.next - 1]
                assert tail is not None
                frame = frames.message_frame(channel.next, tail)
                channel.next += 1
                for mangled in self.mangle(frame):
                    await channel.websocket.send(mangled, text=True)
            channel.wake.clear()
            await channel.wake.wait()

    async def _take(self, channel: NodeChannel, frame: frames.AnyClientFrame) -> None:
        match frame:
            case frames.Ack():
                self.acks.append(frame.offset)
                self.store.cursors[channel.asked.user, channel.asked.device] = frame.offset
                self._pay_receipts()
            case frames.Send():
                self.sends.append(frame)
                answer = self._store(channel, frame)
                if answer is not None and not self.keep_sent_back:
                    await channel.websocket.send(answer, text=True)
                    self._owe_receipt(channel, frame, answer)
            case frames.AskPresence():
                self.questions.append(frame.user)
                if not self.keep_presence_back:
                    await self.answer_presence(frame.user)
            case other:
                raise AssertionError(f"unexpected {other}")

    def _owe_receipt(self, channel: NodeChannel, send: frames.Send, answer: bytes) -> None:
        sent = frames.decode_node_frame(answer)
        if send.receipt and isinstance(sent, frames.Sent):
            channel.owed.append((send.to, sent.offset or 0, send.id))
            self._pay_receipts()

    def _pay_receipts(self) -> None:
        """Write the receipts for which it is clear by now what they say."""
        for node in self.peers:
            for channel in node.channels:
                owed, channel.owed = channel.owed, []
                for to, offset, send_id in owed:
                    delivered = offset and self.store.acknowledged(to) >= offset
                    undecided = offset and not delivered and self._is_online(to)
                    if self.keep_receipts_back or undecided:
                        channel.owed.append((to, offset, send_id))
                        continue
                    receipt = frames.Receipt(
                        id=send_id, status="delivered" if delivered else "stored"
                    )
                    channel.write(frames.encode(receipt))

    def _is_online(self, user: str) -> bool:
        return any(channel.asked.user == user for node in self.peers for channel in node.channels)

    async def answer_presence(self, user: str) -> None:
        """Tell every channel whether a user is connected."""
        online = None if self.presence_unknown else self._is_online(user)
        await self.say(frames.Presence(user=user, online=online))

    def _store(self, channel: NodeChannel, send: frames.Send) -> bytes | None:
        if send.to in self.reject:
            code, reason = self.reject[send.to]
            return frames.encode(frames.Error(id=send.id, code=code, reason=reason))
        if channel.awaited not in (None, send.id):
            return frames.error_frame(ErrorCode.OUT_OF_ORDER, "an earlier one failed", send.id)
        if not self.store.up:
            channel.awaited = send.id
            return frames.error_frame(ErrorCode.UNAVAILABLE, "the store is away", send.id)
        channel.awaited = None
        tail = frames.message_tail(channel.asked.user, send.id, time.time(), bytes(send.body))
        if not send.durable:
            self._pass_on(send.to, frames.message_frame(None, tail))
            return None
        offset, new = self.store.append(send.to, send.id, tail)
        if new:
            self.wake(send.to)
        return frames.sent_frame(send.id, offset)

    def _pass_on(self, user: str, frame: bytes) -> None:
        for node in self.peers:
            for channel in node.channels:
                if channel.asked.user == user:
                    channel.write(frame)

    def wake(self, user: str) -> None:
        """Let every channel of a user look into the inbox."""
        for node in self.peers:
            for channel in node.channels:
                if channel.asked.user == user:
                    channel.wake.set()

    def put(self, to: str, *bodies: str, sender: str = "carol") -> None:
        """Store messages for a user as if somebody had sent them."""
        for body in bodies:
            number = len(self.store.inboxes[to].tails) + 1
            tail = frames.message_tail(sender, f"s-{number}", 1.5, f'"{body}"'.encode())
            self.store.inboxes[to].tails.append(tail)
        self.wake(to)
