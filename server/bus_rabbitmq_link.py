"""A link: one connection to RabbitMQ with one channel, as an object for asyncio.

The only module that knows how pika calls back. It may not decide when to connect again.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from pika import BasicProperties
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.exceptions import AMQPError
from pika.spec import Basic

from cluster.errors import ServiceUnavailable
from server import bus_rabbitmq_plain as plain
from server.bus_rabbitmq_parameters import parameters_of
from server.bus_rabbitmq_reason import reason_of
from server.bus_rabbitmq_settings import RabbitmqSettings
from server.bus_rabbitmq_wire import Wire

# The `type` of a pulse; batches have none.
PULSE_TYPE = "pulse"

# Made once, since making them costs more than sending them. Transient: a broker that restarts
# loses batches anyway, because the queues are gone with their connections.
_BATCH = BasicProperties(delivery_mode=1)
_PULSE = BasicProperties(delivery_mode=1, type=PULSE_TYPE)

# Seconds that the event loop gets to close the socket of a connection that was given up.
_ABORT_TIMEOUT = 0.5


class Link:
    """One connection with one channel; when it is lost, it is lost for good."""

    def __init__(self, address: str) -> None:
        """Prepare; `open` is what others call.

        Args:
            address: where the broker is, for errors.
        """
        loop = asyncio.get_running_loop()
        self._address = address
        # Done, with the reason, when the link can no longer be used. It never raises.
        self.lost: asyncio.Future[str] = loop.create_future()
        # Done when the channel is open.
        self._opened: asyncio.Future[None] = loop.create_future()
        # Done when the socket is closed.
        self._ended: asyncio.Future[None] = loop.create_future()
        # Whether the broker has stopped reading from this connection; it says so itself.
        self.blocked = False
        # Called with the new value when `blocked` changes; set by the owner.
        self.on_blocked: Callable[[bool], None] | None = None
        # The bytes' way; None until there is a socket.
        self._wire: Wire | None = None
        # pika's channel; None until it is open.
        self._channel: Any = None
        # The largest frame that the broker and pika have agreed on, in bytes.
        self._frame_max = 0

    @classmethod
    async def open(cls, settings: RabbitmqSettings, purpose: str) -> "Link":
        """Connect and open a channel; cancelling it leaves nothing behind.

        Args:
            settings: where to connect.
            purpose: what the link is for, shown in the broker's list of connections.

        Raises:
            ServiceUnavailable: it could not be opened. There is no time limit in here.
        """
        link = cls(settings.address)
        try:
            await link._connect(parameters_of(settings, purpose))
            await link._until(link._opened)
        except OSError as exc:
            raise link._unavailable(exc) from exc
        except BaseException:
            await link.close(0.0)
            raise
        return link

    @property
    def buffered_bytes(self) -> int:
        """How much waits in this process for the socket."""
        return self._wire.buffered_bytes if self._wire else 0

    @property
    def version(self) -> str:
        """The broker's product and version, as it introduces itself."""
        told = self._channel.connection.server_properties
        return f"{told.get('product', 'a broker')} {told.get('version', '')}".strip()

    @property
    def heartbeat(self) -> int:
        """Seconds between two signs of life, as agreed with the broker; 0 for none."""
        return int(self._channel.connection.params.heartbeat)

    async def call(self, command: str, **arguments: Any) -> None:
        """Send a command of the channel, by the name it has in pika, and wait for the answer.

        Raises:
            ServiceUnavailable: the broker refused it, or the link is lost.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def answered(_frame: object) -> None:
            if not answer.done():
                answer.set_result(None)

        try:
            getattr(self._channel, command)(callback=answered, **arguments)
        except AMQPError as exc:
            raise self._unavailable(exc) from exc
        await self._until(answer)

    async def confirm(self, confirmed: Callable[[int, bool], None]) -> None:
        """Ask for confirms: `confirmed` gets a publish's number, and whether all up to it count.

        A batch that the broker could not take is confirmed as well: it is lost, as any may be.

        Raises:
            ServiceUnavailable: the link is lost.
        """

        def told(frame: Any) -> None:
            if isinstance(frame.method, Basic.Ack | Basic.Nack):
                confirmed(frame.method.delivery_tag, frame.method.multiple)

        await self.call("confirm_delivery", ack_nack_callback=told)
        number = self._channel.channel_number
        self._take_first(lambda data: plain.take_confirms(data, number, confirmed))

    async def consume(self, queue: str, deliver: Callable[[int, str | None, bytes], None]) -> None:
        """Let `deliver` have the tag, the type and the body of whatever comes into the queue.

        Raises:
            ServiceUnavailable: the broker refused it, or the link is lost.
        """

        def delivered(_channel: object, method: Any, properties: Any, body: bytes) -> None:
            deliver(method.delivery_tag, properties.type, body)

        self._channel.add_on_cancel_callback(lambda _frame: self.fail("its queue was deleted"))
        await self.call("basic_consume", queue=queue, on_message_callback=delivered, exclusive=True)
        number = self._channel.channel_number
        self._take_first(
            lambda data: plain.take_deliveries(
                data, number, lambda tag, body: deliver(tag, None, body)
            )
        )

    def publish(self, exchange: str, key: str, body: bytes, *, pulse: bool = False) -> bool:
        """Hand a message to the connection; False if the link is lost."""
        channel, wire = self._channel, self._wire
        if wire is not None and channel.is_open and not pulse and plain.fits(body, self._frame_max):
            wire.write(plain.publish_frames(channel.channel_number, exchange, key, body))
            return True
        try:
            channel.basic_publish(exchange, key, body, _PULSE if pulse else _BATCH)
        except AMQPError:
            return False
        return True

    def acknowledge(self, tag: int) -> None:
        """Acknowledge every delivery up to this one; on a lost link there is nobody to tell."""
        if not self.lost.done() and self._channel.is_open:
            self._channel.basic_ack(tag, multiple=True)

    def fail(self, reason: str) -> None:
        """Call the link lost; its owner closes it."""
        self._take_first(None)
        if not self.lost.done():
            self.lost.set_result(reason)

    async def close(self, timeout: float) -> None:
        """Say goodbye for at most `timeout` seconds, then cut the connection; idempotent."""
        self.fail("it was closed by this node")
        if self._wire is None or self._ended.done():
            return
        connection = self._wire.connection
        if not (connection.is_closing or connection.is_closed):
            connection.close()
        if timeout:
            await asyncio.wait({self._ended}, timeout=timeout)
        if not self._ended.done():
            self._wire.abort()
            await asyncio.wait({self._ended}, timeout=_ABORT_TIMEOUT)

    async def _connect(self, parameters: Any) -> None:
        """Open a socket; pika's connection is made when there is one."""
        options = parameters.ssl_options
        _transport, self._wire = await asyncio.get_running_loop().create_connection(
            lambda: Wire(lambda: self._new_connection(parameters)),
            parameters.host,
            parameters.port,
            ssl=options.context if options else None,
            server_hostname=(options.server_hostname or parameters.host) if options else None,
        )

    def _new_connection(self, parameters: Any) -> AsyncioConnection:
        connection = AsyncioConnection(
            parameters,
            on_open_callback=self._connection_opened,
            on_open_error_callback=self._connection_ended,
            on_close_callback=self._connection_ended,
            internal_connection_workflow=False,
        )
        connection.add_on_connection_blocked_callback(self._told_blocked)
        connection.add_on_connection_unblocked_callback(self._told_unblocked)
        return connection

    def _take_first(self, take: Callable[[bytes], int] | None) -> None:
        """Have plain frames taken before pika sees them, or none any more."""
        if self._wire is not None:
            self._wire.take_first = take

    def _unavailable(self, error: BaseException) -> ServiceUnavailable:
        return ServiceUnavailable("RabbitMQ", self._address, reason_of(error))

    async def _until(self, done: asyncio.Future[None]) -> None:
        """Wait for an answer or the loss of the link, whichever comes first."""
        either: set[asyncio.Future[Any]] = {done, self.lost}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            raise ServiceUnavailable("RabbitMQ", self._address, self.lost.result())

    def _connection_opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Any) -> None:
        self._channel = channel
        self._frame_max = channel.connection.params.frame_max
        channel.add_on_close_callback(self._channel_closed)
        if not self._opened.done():
            self._opened.set_result(None)

    def _channel_closed(self, _channel: Any, error: BaseException) -> None:
        self.fail(reason_of(error))

    def _connection_ended(self, _connection: Any, error: BaseException) -> None:
        self.fail(reason_of(error))
        if not self._ended.done():
            self._ended.set_result(None)

    def _told_blocked(self, _connection: Any, _frame: Any) -> None:
        self._set_blocked(True)

    def _told_unblocked(self, _connection: Any, _frame: Any) -> None:
        self._set_blocked(False)

    def _set_blocked(self, blocked: bool) -> None:
        self.blocked = blocked
        if self.on_blocked is not None:
            self.on_blocked(blocked)
