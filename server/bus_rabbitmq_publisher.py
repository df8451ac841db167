"""The publishing half of a bus on RabbitMQ: batches to the broker, and its confirms back.

It may not buffer more than its window, nor wait: what does not go at once is refused.
"""

import asyncio

from server.bus_rabbitmq_link import Link
from server.bus_rabbitmq_settings import RabbitmqSettings
from server.bus_rabbitmq_window import ConfirmWindow


class Publisher:
    """A link in confirm mode. `publish` is on the hot path: no task, no future, no log."""

    def __init__(self, link: Link, settings: RabbitmqSettings) -> None:
        self.link = link
        self._settings = settings
        self._direct = settings.routing == "direct"
        self._time = asyncio.get_running_loop().time
        self._window = ConfirmWindow(settings.max_unconfirmed)

    @classmethod
    async def open(cls, settings: RabbitmqSettings) -> "Publisher":
        """Connect and turn confirms on.

        Raises:
            ServiceUnavailable: the broker does not answer, or refuses.
        """
        publisher = cls(await Link.open(settings, "publishes"), settings)
        try:
            await publisher.link.confirm(publisher._window.confirmed)
        except BaseException:
            await publisher.link.close(0.0)
            raise
        return publisher

    @property
    def unconfirmed(self) -> int:
        """How many publishes the broker has not confirmed."""
        return len(self._window)

    def lag(self, now: float) -> float:
        """Return for how many seconds the oldest publish has been without a confirm."""
        return self._window.age(now)

    def publish(self, batch: bytes, nodes: frozenset[str] | None) -> bool:
        """Hand a batch to the broker; False if the window or the socket's buffer is full.

        With direct routing the window may be passed by as many as there are `nodes`.
        """
        if self._window.full or self.link.buffered_bytes > self._settings.max_buffered_bytes:
            return False
        if not self._direct or nodes is None:
            return self._send(self._settings.exchange, "", batch)
        return all([self._send("", self._settings.queue_of(node), batch) for node in nodes])

    def send_pulse(self, beat: bytes) -> None:
        """Send a pulse to this node's own queue, whatever the window holds."""
        if self.link.publish("", self._settings.queue, beat, pulse=True):
            self._window.published(self._time())

    def _send(self, exchange: str, key: str, batch: bytes) -> bool:
        if not self.link.publish(exchange, key, batch):
            return False
        self._window.published(self._time())
        return True
