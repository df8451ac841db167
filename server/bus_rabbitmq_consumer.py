"""The consuming half of a bus on RabbitMQ: this node's queue, and what comes into it.

It may not look into a batch, nor let an error of its receiver reach the link.
"""

from collections.abc import Callable

from server.bus_rabbitmq_link import PULSE_TYPE, Link
from server.bus_rabbitmq_settings import RabbitmqSettings


class Consumer:
    """A link that consumes this node's queue and acknowledges many deliveries at a time."""

    def __init__(
        self,
        link: Link,
        settings: RabbitmqSettings,
        deliver: Callable[[bytes], None],
        heard: Callable[[bytes], bool],
    ) -> None:
        """Prepare; `open` is what others call.

        Args:
            link: an open link of its own.
            settings: names and limits.
            deliver: takes a batch; never raises.
            heard: takes a pulse and tells whether it was this node's; never raises.
        """
        self.link = link
        self._settings = settings
        self._deliver = deliver
        self._heard = heard
        # The last delivery, and how many up to it have not been acknowledged.
        self._last_tag = 0
        self._unacknowledged = 0

    @classmethod
    async def open(
        cls,
        settings: RabbitmqSettings,
        deliver: Callable[[bytes], None],
        heard: Callable[[bytes], bool],
    ) -> "Consumer":
        """Connect, make exchange and queue, and begin to consume.

        Raises:
            ServiceUnavailable: the broker does not answer, or refuses. It refuses the queue
                (405) until it has noticed that an earlier connection of this node is dead.
        """
        consumer = cls(await Link.open(settings, "consumes"), settings, deliver, heard)
        try:
            await consumer._begin()
        except BaseException:
            await consumer.link.close(0.0)
            raise
        return consumer

    def acknowledge(self) -> None:
        """Acknowledge what has been delivered since the last time."""
        if self._unacknowledged:
            self._unacknowledged = 0
            self.link.acknowledge(self._last_tag)

    async def _begin(self) -> None:
        link, settings = self.link, self._settings
        await link.call(
            "exchange_declare",
            exchange=settings.exchange,
            exchange_type="fanout",
            durable=True,
        )
        await link.call(
            "queue_declare",
            queue=settings.queue,
            exclusive=True,
            auto_delete=True,
            arguments={"x-max-length-bytes": settings.queue_bytes, "x-overflow": "drop-head"},
        )
        await link.call("queue_bind", queue=settings.queue, exchange=settings.exchange)
        await link.call("basic_qos", prefetch_count=settings.prefetch)
        await link.consume(settings.queue, self._take)

    def _take(self, tag: int, type: str | None, body: bytes) -> None:
        self._last_tag = tag
        self._unacknowledged += 1
        if type != PULSE_TYPE or not self._heard(body):
            self._deliver(body)
        if self._unacknowledged >= self._settings.ack_every:
            self.acknowledge()
