"""A session: a publisher and a consumer that work together, and the judgement whether they do.

It may not connect again: when it is lost, the bus makes another.
"""

import asyncio
from typing import Any

from cluster.errors import ServiceUnavailable
from server.bus_listener import BusListener
from server.bus_rabbitmq_consumer import Consumer
from server.bus_rabbitmq_publisher import Publisher
from server.bus_rabbitmq_pulse import Pulse
from server.bus_rabbitmq_settings import RabbitmqSettings

# Ticks in the time after which a lag counts: what has to be noticed then is noticed in time.
_TICKS_PER_LAG = 8


class Session:
    """Both halves of a bus, from one successful attempt to connect until either is lost."""

    def __init__(self, settings: RabbitmqSettings, listener: BusListener) -> None:
        """Prepare; `open` is what others call."""
        self._settings = settings
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        # Done, with the reason, when the session can no longer be used. It never raises.
        self.lost: asyncio.Future[str] = self._loop.create_future()
        # Done when the first pulse has come back: publishing and consuming both work.
        self._proven: asyncio.Future[None] = self._loop.create_future()
        # The halves, set one after the other by `_connect`; None before.
        self._consumer: Consumer | None = None
        self._publisher: Publisher | None = None
        # Whether batches go both ways, as of the last tick or call by the broker.
        self.healthy = False
        # When it was healthy, or excused because the broker blocks, for the last time.
        self._excused = self._loop.time()
        self._pulse = Pulse(settings.lag_limit / 4, settings.lag_limit)
        # The timer of the next tick, and when it is due.
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @classmethod
    async def open(cls, settings: RabbitmqSettings, listener: BusListener) -> "Session":
        """Connect both halves and see a pulse go round.

        Raises:
            ServiceUnavailable: that did not succeed within the time for one attempt.
        """
        session = cls(settings, listener)
        try:
            async with asyncio.timeout(settings.open_timeout):
                await session._connect()
                await session._prove()
        except TimeoutError as exc:
            reason = session._silence()
            await session.close(0.0)
            raise ServiceUnavailable("RabbitMQ", settings.address, reason) from exc
        except BaseException:
            await session.close(0.0)
            raise
        return session

    def publish(self, batch: bytes, nodes: frozenset[str] | None) -> bool:
        """Hand a batch to the broker; False if it is not healthy or its window is full."""
        publisher = self._publisher
        return self.healthy and publisher is not None and publisher.publish(batch, nodes)

    async def close(self, timeout: float) -> None:
        """Let go of both connections, which deletes the queue; idempotent.

        Args:
            timeout: seconds for saying goodbye; 0 to cut the connections at once.
        """
        self._lose("it was closed by this node")
        if self._timer is not None:
            self._timer.cancel()
        if self._consumer is not None:
            self._consumer.acknowledge()
        halves = (self._publisher, self._consumer)
        links = [half.link for half in halves if half is not None]
        await asyncio.gather(*(link.close(timeout) for link in links))

    async def _connect(self) -> None:
        self._consumer = await Consumer.open(self._settings, self._listener.deliver, self._heard)
        self._consumer.link.lost.add_done_callback(self._half_lost)
        self._publisher = await Publisher.open(self._settings)
        self._publisher.link.lost.add_done_callback(self._half_lost)
        self._publisher.link.on_blocked = self._blocked_changed

    async def _prove(self) -> None:
        self._due = self._loop.time()
        self._tick()
        either: set[asyncio.Future[Any]] = {self._proven, self.lost}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self.lost.done():
            raise ServiceUnavailable("RabbitMQ", self._settings.address, self.lost.result())

    def _silence(self) -> str:
        """Say what an attempt to connect was waiting for in vain."""
        if self._publisher is not None and self._publisher.link.blocked:
            return "it blocks publishers: see its memory and disk alarms"
        return f"no answer within {self._settings.open_timeout:g} s"

    def _tick(self) -> None:
        """Acknowledge, judge, send the pulse; then once more, a little later."""
        now = self._loop.time()
        interval = self._settings.lag_limit / _TICKS_PER_LAG
        if self._consumer is not None:
            self._consumer.acknowledge()
        # A tick that comes late was held up by this process. So were the confirms that it would
        # miss: they get until the next tick.
        if now - self._due < self._settings.lag_limit / 4:
            self._judge(now)
        self._send_pulse(now)
        if not self.lost.done():
            self._due = now + interval
            self._timer = self._loop.call_at(self._due, self._tick)

    def _send_pulse(self, now: float) -> None:
        publisher = self._publisher
        if publisher is None or publisher.link.blocked:
            return
        beat = self._pulse.due(now)
        if beat is not None:
            publisher.send_pulse(beat)

    def _heard(self, beat: bytes) -> bool:
        if not self._pulse.heard(beat):
            return False
        if not self._proven.done():
            self._proven.set_result(None)
            self._judge(self._loop.time())
        return True

    def _judge(self, now: float) -> None:
        """Find out whether batches go both ways, and tell."""
        publisher = self._publisher
        if publisher is None or self.lost.done():
            return
        lag = max(publisher.lag(now), self._pulse.lag(now))
        blocked = publisher.link.blocked
        self.healthy = self._pulse.proven and not blocked and lag < self._settings.lag_limit
        self._listener.tell(self.healthy)
        if self.healthy or blocked:
            self._excused = now
        elif now - self._excused > self._settings.stall_limit:
            self._lose(f"nothing has come back for {lag:.0f} s")

    def _blocked_changed(self, _blocked: bool) -> None:
        self._judge(self._loop.time())

    def _half_lost(self, lost: "asyncio.Future[str]") -> None:
        self._lose(lost.result())

    def _lose(self, reason: str) -> None:
        self.healthy = False
        self._listener.tell(False)
        if not self.lost.done():
            self.lost.set_result(reason)
