"""Ask a RabbitMQ what it is, and try what a node does with it. Nothing is left there.

The trial has an exchange and a queue of its own: on the cluster's every node would hear it.
"""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

from cluster.errors import ServiceUnavailable
from server.bus_rabbitmq_link import Link
from server.bus_rabbitmq_settings import RabbitmqSettings
from server.doctor.rabbitmq import RabbitmqFacts

_BODY = b"doctor"
# What the broker says of an exchange or queue that does not exist.
_MISSING = "(404)"


async def ask_rabbitmq(url: str, cluster: str, timeout: float) -> RabbitmqFacts:
    """Return what there is to know of a broker.

    Args:
        url: as `--amqp` has it.
        cluster: whose exchange is looked at.
        timeout: seconds for connecting, and as many for everything that is tried then.
    """
    settings = RabbitmqSettings(url, cluster, f"doctor-{uuid4().hex}")
    facts = RabbitmqFacts(settings.address, cluster, settings.heartbeat)
    try:
        async with asyncio.timeout(timeout):
            link = await Link.open(settings, "is looked at")
    except TimeoutError:
        return replace(facts, failure=f"does not answer within {timeout:g} s")
    except ServiceUnavailable as exc:
        return replace(facts, failure=exc.reason)
    facts = replace(facts, version=link.version, heartbeat=link.heartbeat)
    await link.close(timeout)
    facts = replace(facts, exchange=await _look_at_exchange(settings, timeout))
    return await _Trial(settings, timeout).run(facts)


async def _look_at_exchange(settings: RabbitmqSettings, timeout: float) -> str | None:
    """Return why the cluster's exchange can't be used; empty if it can, None if there is none.

    A refusal ends the channel, so each question has a link of its own.
    """
    passive = await _declare(settings, timeout, passive=True)
    if _MISSING in passive:
        return None
    # It is there: to declare it makes nothing, and is refused if it is of another type.
    return passive or await _declare(settings, timeout, passive=False)


async def _declare(settings: RabbitmqSettings, timeout: float, *, passive: bool) -> str:
    """Declare the cluster's exchange; return why that was refused, or nothing."""
    try:
        async with asyncio.timeout(timeout):
            link = await Link.open(settings, "looks at the exchange")
            try:
                await link.call(
                    "exchange_declare",
                    exchange=settings.exchange,
                    exchange_type="fanout",
                    durable=True,
                    passive=passive,
                )
            finally:
                await link.close(timeout)
    except TimeoutError:
        return f"does not answer within {timeout:g} s"
    except ServiceUnavailable as exc:
        return exc.reason
    return ""


class _Trial:
    """What a node does when it starts, with other names."""

    def __init__(self, settings: RabbitmqSettings, timeout: float) -> None:
        self._settings = settings
        self._timeout = timeout
        self._exchange = f"{settings.cluster}.{settings.node_id}"
        # What is being tried now; one of `rabbitmq.STEPS`.
        self._step = "declare"
        # Done when what was published has come back.
        self._heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # The link in use; None before it is open.
        self._link: Link | None = None

    async def run(self, facts: RabbitmqFacts) -> RabbitmqFacts:
        """Return the facts, completed."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._try_all()
        except TimeoutError:
            if self._link is not None and self._link.blocked:
                return replace(facts, blocked=True)
            reason = f"no answer within {self._timeout:g} s"
            return replace(facts, refused=(self._step, reason))
        except ServiceUnavailable as exc:
            return replace(facts, refused=(self._step, exc.reason))
        finally:
            await self._clean_up()
        return facts

    async def _try_all(self) -> None:
        self._link = link = await Link.open(self._settings, "tries what a node does")
        queue = self._settings.queue
        # The queue goes with the connection, and the exchange with the queue.
        await link.call("queue_declare", queue=queue, exclusive=True, auto_delete=True)
        await link.call(
            "exchange_declare", exchange=self._exchange, exchange_type="fanout", auto_delete=True
        )
        self._step = "bind"
        await link.call("queue_bind", queue=queue, exchange=self._exchange)
        self._step = "consume"
        await link.consume(queue, self._take)
        self._step = "publish"
        link.publish(self._exchange, "", _BODY)
        await self._until_heard(link)

    async def _until_heard(self, link: Link) -> None:
        """Return when what was published has come back.

        Raises:
            ServiceUnavailable: the broker refused it.
        """
        either: set[asyncio.Future[Any]] = {self._heard, link.lost}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._heard.done():
            raise ServiceUnavailable("RabbitMQ", self._settings.address, link.lost.result())

    def _take(self, _tag: int, _type: str | None, _body: bytes) -> None:
        if not self._heard.done():
            self._heard.set_result(None)

    async def _clean_up(self) -> None:
        """Let go, and delete an exchange that may be there without anything bound to it."""
        if self._link is None:
            return
        await self._link.close(self._timeout)
        if self._step not in ("declare", "bind"):
            return
        try:
            async with asyncio.timeout(self._timeout):
                link = await Link.open(self._settings, "cleans up")
                try:
                    await link.call("exchange_delete", exchange=self._exchange)
                finally:
                    await link.close(self._timeout)
        except (TimeoutError, ServiceUnavailable):
            return
