"""The bus on RabbitMQ: a fanout exchange for the cluster and an exclusive queue for each node.

It keeps a session alive, connecting again with growing, jittered waits; it may not keep a batch.
"""

import asyncio
import logging
from collections.abc import Callable

from cluster.backoff import equal_jitter
from cluster.errors import ServiceUnavailable
from server.bus import Receiver
from server.bus_listener import BusListener
from server.bus_rabbitmq_parameters import parse_url
from server.bus_rabbitmq_session import Session
from server.bus_rabbitmq_settings import RabbitmqSettings, Routing

_logger = logging.getLogger(__name__)


class RabbitmqBus:
    """The bus of one node. All methods are for the event loop in which `open` was called."""

    def __init__(
        self,
        url: str,
        cluster: str,
        node_id: str,
        *,
        routing: Routing = "fanout",
        heartbeat: int = 10,
        max_unconfirmed: int = 1000,
    ) -> None:
        """Prepare; nothing is connected before `open`. See `RabbitmqSettings` for the arguments.

        Raises:
            InvalidAddress: the URL is none of AMQP.
        """
        parse_url(url)
        self._settings = RabbitmqSettings(
            url,
            cluster,
            node_id,
            routing=routing,
            heartbeat=heartbeat,
            max_unconfirmed=max_unconfirmed,
        )
        self._listener = BusListener()
        # The session in use; None while there is none.
        self._session: Session | None = None
        # Makes a new session when one is lost; None before `open` has succeeded and after `close`.
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether batches can be both published and received now; see `server.bus.Bus`."""
        return self._listener.connected

    @property
    def receive_errors(self) -> int:
        """How many batches the node's receiver has raised an error for."""
        return self._listener.receive_errors

    async def open(self, receive: Receiver, changed: Callable[[bool], None]) -> None:
        """Connect and begin to receive; see `server.bus.Bus.open`. Takes at most about 5 s.

        Raises:
            ServiceUnavailable: the broker does not answer, or refuses. Calling again is allowed;
                once it has succeeded, the bus connects again by itself.
        """
        if self._supervisor is not None:
            raise RuntimeError("the bus is open already: close it first")
        self._listener.attach(receive, changed)
        self._session = await Session.open(self._settings, self._listener)
        self._supervisor = asyncio.create_task(self._supervise(self._session), name="bus")

    def publish(self, batch: bytes, nodes: frozenset[str] | None) -> bool:
        """Hand a batch to the broker; see `server.bus.Bus.publish`."""
        return self._session is not None and self._session.publish(batch, nodes)

    async def close(self) -> None:
        """Let go of the broker within about 2 s; the queue goes with its connection. Idempotent."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.cancel()
            await asyncio.wait({supervisor})
        session, self._session = self._session, None
        if session is not None:
            await session.close(self._settings.close_timeout)

    async def _supervise(self, session: Session) -> None:
        """Replace every session that is lost; ends by cancellation alone."""
        while True:
            await asyncio.wait({session.lost})
            _logger.warning(
                "lost RabbitMQ at %s: %s; messages to other nodes are slower until it is back",
                self._settings.address,
                session.lost.result(),
            )
            await session.close(0.0)
            session = self._session = await self._reconnect()
            _logger.warning("RabbitMQ at %s is back", self._settings.address)

    async def _reconnect(self) -> Session:
        """Try until it succeeds; log a reason only when it is not the one before."""
        known = ""
        for wait in equal_jitter(self._settings.retry_base, self._settings.retry_cap):
            await asyncio.sleep(wait)
            try:
                return await Session.open(self._settings, self._listener)
            except ServiceUnavailable as exc:
                if exc.reason != known:
                    known = exc.reason
                    _logger.info("%s; trying again", exc)
            except Exception:
                # Nothing that pika may come up with is worth a node that never connects again.
                _logger.exception("an attempt to connect to RabbitMQ ended in an unknown error")
        raise AssertionError("the waits never end")
