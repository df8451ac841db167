"""The node: every part of it put together, started and stopped in the right order."""

import asyncio
import logging
import time
import uuid

import msgspec

from cluster.address import join_host_port, reachable_host
from cluster.codes import CloseCode
from cluster.errors import ServiceUnavailable, Unavailable
from cluster.record import NodeRecord
from cluster.registry import Membership, Registration
from cluster.snapshot import Snapshot
from server.admin import Admin
from server.backends import ATTEMPT, Backends, make_backends, reach
from server.drain import Drain
from server.listener import listen
from server.load import LOAD_INTERVAL, worth_writing
from server.parts import Parts
from server.settings import NodeSettings
from server.tasks import wait_for_event

_log = logging.getLogger(__name__)

# Seconds that steps of a stop may take. With three for the registry and two to let go of all
# services, each frozen, they stay below the ten that operators wait.
FINISH_TIMEOUT = 1.0
CLOSE_TIMEOUT = 2.0


class Node:
    """One node. `start`, then `stop`, once each; `drain.begin` between them moves its clients."""

    def __init__(
        self, settings: NodeSettings, backends: Backends | None = None, node_id: str | None = None
    ) -> None:
        """Put a node together; nothing is connected yet.

        Args:
            settings: what the node is told.
            backends: what it stands on; None for what the settings ask for.
            node_id: its incarnation, if the backends were made for one; None for a new one.
        """
        self.node_id = node_id or str(uuid.uuid4())
        self.settings = settings
        self.backends = backends or make_backends(settings, self.node_id)
        self.parts = Parts(self.node_id, settings, self.backends)
        self.drain = Drain(
            self.parts.hub, self.parts.mover, self._announce_drain, self.parts.tasks.spawn
        )
        self._admin = Admin(self)
        # What `start` makes, in this order.
        self._listener: asyncio.Server | None = None
        self._registration: Registration | None = None
        self.membership: Membership | None = None
        # The record in the registry, as last written; None before the node is registered.
        self.record: NodeRecord | None = None
        # True from the moment the node is complete until it begins to stop.
        self._running = False

    @property
    def ready(self) -> bool:
        """Whether new clients can be served now."""
        stream = self.backends.stream
        return (
            self._running
            and not self.drain.begun
            and self.parts.login.ready.is_set()
            and (stream is None or stream.connected)
        )

    @property
    def running(self) -> bool:
        """Whether the node is complete: it has started and does not stop yet."""
        return self._running

    def services(self) -> dict[str, bool]:
        """Return whether each service answers now; an embedded node has none."""
        if self.settings.zk is None:
            return {}
        return {
            "ZooKeeper": self.backends.registry.connected,
            "Redis": self.backends.store_answers(),
            "RabbitMQ": self.backends.bus.connected,
        }

    def is_degraded(self) -> bool:
        """Tell whether messages between nodes come by polling now."""
        return bool(self.parts.degradation.reasons)

    def snapshot(self) -> Snapshot:
        """Return the registry as this node sees it; an empty, stale one before it is registered."""
        return Snapshot() if self.membership is None else self.membership.snapshot

    @property
    def admin_port(self) -> int | None:
        """The port that the admin server listens on; None if it has none."""
        return self._admin.port

    async def start(self) -> NodeRecord:
        """Reach the services, listen, and only then let the cluster know.

        Raises:
            ServiceUnavailable: a service was not reached within `settings.wait`.
            OSError: a port cannot be listened on.
        """
        await self._admin.start()
        await self._reach_services()
        self._listener = await listen(self.settings, self.parts)
        self.record = self._make_record(self._listener.sockets[0].getsockname()[1])
        self.parts.run()
        self.parts.tasks.keep_running(self._follow_load)
        await reach(self._join, self.settings.wait)
        self._running = True
        self._bus_changed(self.backends.bus.connected)
        self._registry_changed(self.snapshot())
        self.parts.login.ready.set()
        _log.info("node %s serves %s", self.node_id, self.record.url)
        return self.record

    async def stop(self) -> None:
        """Leave the registry, finish what is in flight, close the channels, let go of all.

        No step keeps the others from being done, and together they take less than ten seconds.
        """
        self._running = False
        # Whoever is connected to the listener and has yet to ask is sent elsewhere.
        self.parts.admission.draining = True
        for step in (
            self._leave_registry,
            self._finish,
            self._close_channels,
            self.parts.tasks.stop,
            self._leave_directory,
            self._let_go,
            self._admin.stop,
        ):
            try:
                await step()
            except Exception:
                _log.exception("the node stops with an error")
        _log.info("node %s has stopped", self.node_id)

    def _announce_drain(self) -> None:
        """Let no new clients come: neither those who pick a node nor those who picked this one."""
        self.parts.admission.draining = True
        if self._registration is not None and self.record is not None:
            self.record = msgspec.structs.replace(
                self.record, state="draining", load=len(self.parts.hub.channels)
            )
            self._registration.update(self.record)

    async def _leave_registry(self) -> None:
        try:
            if self._registration is not None:
                await self._registration.remove()
        finally:
            if self._listener is not None:
                self._listener.close()

    async def _finish(self) -> None:
        """Take no more messages, and wait until those that were taken are stored."""
        for channel in self.parts.hub.channels:
            channel.hold()
        if not await wait_for_event(self.parts.router.idle, FINISH_TIMEOUT):
            _log.warning("stopping with messages that could not be stored or confirmed")

    async def _let_go(self) -> None:
        if self.membership is not None:
            await self.membership.close()
        await self.backends.close()

    async def _reach_services(self) -> None:
        backends, wait, bus = self.backends, self.settings.wait, self.backends.bus
        results = await asyncio.gather(
            reach(lambda: backends.registry.connect(ATTEMPT), wait),
            reach(backends.open_store, wait),
            reach(lambda: bus.open(self.parts.receive, self._bus_changed), wait),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        if backends.stream is not None:
            backends.stream.on_change(self.parts.recovery.store_changed)

    async def _join(self) -> None:
        """Enter the registry, then the directory; may be repeated after an error.

        Not the other way round: others would sweep an incarnation that the registry lacks.
        """
        registry = self.backends.registry
        if self._registration is None and self.record is not None:
            self._registration = await self._register(self.record)
        if self.membership is None:
            self.membership = await registry.watch(loads=self.settings.rebalance)
            self.membership.subscribe(self._registry_changed)
        await self.membership.wait_ready(ATTEMPT)
        await self.backends.directory.register_node()

    async def _register(self, record: NodeRecord) -> Registration:
        """Enter the registry.

        Raises:
            ServiceUnavailable: it took too long; why stands in the log of the registration.
        """
        try:
            async with asyncio.timeout(ATTEMPT):
                return await self.backends.registry.register(record)
        except TimeoutError as exc:
            reason = f"it did not enter this node within {ATTEMPT:g} s"
            raise ServiceUnavailable("ZooKeeper", str(self.settings.zk), reason) from exc

    def _make_record(self, port: int) -> NodeRecord:
        settings = self.settings
        host, port = settings.advertise or (reachable_host(settings.host), port)
        admin = self._admin.port
        return NodeRecord(
            node_id=self.node_id,
            host=host,
            port=port,
            url=settings.public_url or f"ws://{join_host_port(host, port)}{settings.path}",
            weight=settings.weight,
            zone=settings.zone,
            started=round(time.time(), 3),
            admin=join_host_port(reachable_host(settings.admin_host), admin) if admin else "",
        )

    async def _follow_load(self) -> None:
        """Write the number of channels to the registry when it has moved enough."""
        written = time.monotonic()
        while True:
            await asyncio.sleep(LOAD_INTERVAL)
            load, record = len(self.parts.hub.channels), self.record
            if self._registration is None or record is None:
                continue
            if worth_writing(load, record.load, time.monotonic() - written):
                written = time.monotonic()
                self.record = msgspec.structs.replace(record, load=load)
                self._registration.update(self.record)

    def _registry_changed(self, snapshot: Snapshot) -> None:
        """Have the dead swept, and what they may have had in hand looked for."""
        self.parts.presence.snapshot = snapshot
        if not self._running:
            return
        self.parts.sweep.look_at(snapshot)
        self.parts.recovery.look_at(snapshot)

    def _bus_changed(self, connected: bool) -> None:
        """Poll while the bus is away; what was under way when it went may be lost to others."""
        if self._running:
            self.parts.recovery.set_degraded("RabbitMQ", not connected)
            self.parts.recovery.alarm_others()

    async def _close_channels(self) -> None:
        for channel in tuple(self.parts.hub.channels):
            channel.close(CloseCode.NODE_STOPPING, "the node is stopping")
        if not await wait_for_event(self.parts.hub.empty, CLOSE_TIMEOUT):
            _log.info("cutting off %d channels that do not close", len(self.parts.hub.channels))
        for channel in tuple(self.parts.hub.channels):
            channel.abort()

    async def _leave_directory(self) -> None:
        if self.membership is None:
            return  # it has never come so far as to enter it
        try:
            async with asyncio.timeout(FINISH_TIMEOUT):
                await self.parts.acknowledgements.flush()
                await self.backends.directory.sweep(self.node_id)
        except (Unavailable, TimeoutError):
            _log.warning("the store does not answer: another node will sweep what is left of this")
