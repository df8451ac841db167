"""The client: what an application holds while it is connected."""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Self

from client_sdk.dialer import Dialer
from client_sdk.errors import ClientClosed, Disconnected
from client_sdk.events import Event, Happening, Report
from client_sdk.faults import ABNORMAL
from client_sdk.keeper import Keeper
from client_sdk.message import Message, Sent
from client_sdk.questions import Questions
from client_sdk.receiver import Receiver
from client_sdk.resolver import Resolver
from client_sdk.sender import Sender
from client_sdk.settings import Settings
from client_sdk.tokens import Tokens
from client_sdk.traffic import Traffic
from cluster.errors import ClusterError

log = logging.getLogger(__name__)

# Seconds that `close` waits for sends that are on their way.
_CLOSE_WAIT = 2.0


class Client:
    """A user's connection to the cluster; it finds a node again by itself whenever it loses one.

    Iterate over it to receive. A message counts as handled when the next one is asked for, and
    when the `async with` block ends without an error; what was not handled comes again when the
    device connects anew.
    """

    def __init__(
        self,
        resolver: Resolver,
        settings: Settings,
        on_state: Report | None = None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Make a client that is not connected yet; applications call `connect` instead.

        Args:
            resolver: finds the nodes; owned by the client from now on.
            settings: the options of `connect`.
            on_state: called with each event, in the event loop; None for nobody.
            uniform: returns a number between its two arguments.
        """
        self._settings = settings
        self._resolver = resolver
        self._on_state = on_state
        self._sender = Sender(
            secrets.token_hex(8),
            window=settings.send_window,
            max_size=settings.max_size,
            wake=lambda: self._traffic.wake(),
            uniform=uniform,
        )
        self._receiver = Receiver(
            settings.start,
            window=settings.receive_window,
            wake=lambda: self._traffic.wake(),
            resume=lambda: self._keeper.resume(),
            clock=asyncio.get_running_loop().time,
        )
        self._questions = Questions(wake=lambda: self._traffic.wake())
        self._traffic = Traffic(self._sender, self._receiver, self._questions, self._report)
        dialer = Dialer(resolver, Tokens(settings.token), settings, lambda: self._receiver.position)
        self._keeper = Keeper(dialer, self._traffic, self._report, uniform)
        # Runs the keeper; None before `start`.
        self._running: asyncio.Task[None] | None = None
        # Whether the end has been reported: it comes once.
        self._ended = False
        # Closes the client; None as long as nobody has asked for it.
        self._closing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect; after an error or a cancellation nothing is left open.

        Raises:
            NoNodeAvailable: no node could be reached in time.
            Disconnected: a node refused this client for good.
        """
        try:
            await self._keeper.open(self._settings.connect_timeout)
        except BaseException:
            await self._resolver.close()
            raise
        self._running = asyncio.create_task(self._keeper.run())
        self._running.add_done_callback(self._finished)

    async def send(
        self, to: str, body: object, *, durable: bool = True, receipt: bool = False
    ) -> Sent:
        """Send a message; returns when it is stored for its recipient.

        Through reconnects it is sent again, and stored once. Cancelling gives it up: it is not
        sent again, but may have been stored.

        Args:
            to: the recipient's name.
            body: anything that JSON can express.
            durable: False to reach only those who are connected now: it returns when the message
                is written, and nothing tells whether it arrived.
            receipt: True to return only when it is known what became of the message: a device of
                the recipient has acknowledged it (`Sent.receipt` is `delivered`), or not
                (`stored`): nobody is connected, or there was no answer within `send_timeout` or
                before the channel was lost.

        Raises:
            InvalidName: `to` may not be used as a name.
            InvalidBody: JSON can't express the body, or it is too large or nested too deeply.
            SendRejected: the node refused it for good; it was not stored.
            SendTimeout: it was not confirmed within `send_timeout`; it may have been stored.
            Disconnected: a node refused this client for good.
            ClientClosed: the client was closed.
            InvalidSetting: a receipt is asked for a message that is not durable.
        """
        if self._closing is not None:
            raise ClientClosed
        timeout = self._settings.send_timeout
        return await self._sender.send(to, body, durable=durable, receipt=receipt, timeout=timeout)

    async def presence(self, user: str, *, timeout: float = 5.0) -> bool | None:
        """Return whether a user has a device connected anywhere in the cluster.

        Through reconnects it is asked again. A user whose node has died counts as connected until
        the registry has noticed, which takes about its session timeout.

        Args:
            user: the user's name.
            timeout: seconds to wait for an answer.

        Returns:
            None if that can't be told now: the node can't look, or did not answer in time.

        Raises:
            InvalidName: `user` may not be used as a name.
            Disconnected: a node refused this client for good.
            ClientClosed: the client was closed.
        """
        if self._closing is not None:
            raise ClientClosed
        return await self._questions.ask(user, timeout)

    def __aiter__(self) -> Self:
        """Return the client itself: its messages, each once and in order."""
        return self

    async def __anext__(self) -> Message:
        """Return the next message; the one before it counts as handled.

        Raises:
            StopAsyncIteration: the client was closed.
            Disconnected: a node refused this client for good, and all received was returned.
            RuntimeError: another task iterates already.
        """
        return await self._receiver.get()

    def handled(self) -> None:
        """Count the message returned last as handled, without asking for the next one."""
        self._receiver.handled()

    @property
    def url(self) -> str:
        """The url of the node that holds the channel; empty while there is none."""
        return self._keeper.channel.url if self._keeper.channel else ""

    @property
    def node(self) -> str:
        """The incarnation of that node; empty while there is no channel."""
        return self._keeper.channel.connected.node if self._keeper.channel else ""

    @property
    def epoch(self) -> str | None:
        """What `offset` is counted in."""
        return self._receiver.taken.epoch

    @property
    def offset(self) -> int | None:
        """The offset of the last message that was returned, or of the place before the first."""
        return self._receiver.taken.offset

    @property
    def recovered(self) -> bool:
        """Whether everything that was missed could be replayed at the last connect."""
        return self._receiver.recovered

    @property
    def degraded(self) -> tuple[str, ...]:
        """The services that the node calls away; empty when all is well.

        While there are any, messages from other nodes may take a second longer.
        """
        return self._traffic.degraded

    async def close(self) -> None:
        """Wait a moment for sends on their way, acknowledge what was handled, and disconnect.

        Safe to call twice. If it is cancelled, the closing goes on by itself for some seconds.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_WAIT):
                await self._sender.wait_idle()
        except TimeoutError:
            log.warning("closing with unconfirmed sends")
        self._sender.end(ClientClosed())
        self._questions.end(ClientClosed())
        self._receiver.end(None)
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        await self._keeper.close()
        await self._resolver.close()
        self._report_end(Event(Happening.ENDED, reason="closed"))

    def _finished(self, running: asyncio.Task[None]) -> None:
        """End what waits here when the keeper has found that it can't go on."""
        if running.cancelled() or (fault := running.exception()) is None:
            return
        if not isinstance(fault, ClusterError):
            log.error("the client failed", exc_info=fault)
            fault = Disconnected(ABNORMAL, f"{type(fault).__name__}: {fault}")
        self._sender.end(fault)
        self._questions.end(fault)
        self._receiver.end(fault)
        code = str(fault.code) if isinstance(fault, Disconnected) else ""
        self._report_end(Event(Happening.ENDED, code=code, reason=str(fault)))

    def _report_end(self, event: Event) -> None:
        ended, self._ended = self._ended, True
        if not ended:
            self._report(event)

    def _report(self, event: Event) -> None:
        log.debug("%s", event)
        if self._on_state is None:
            return
        try:
            self._on_state(event)
        except Exception:
            log.exception("on_state failed with %s", event)

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client; without an error the message returned last counts as handled."""
        if kind is None:
            self._receiver.handled()
        await self.close()
