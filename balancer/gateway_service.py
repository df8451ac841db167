"""The gateway as a service: on top of a feed, with a port for operators."""

import asyncio
import time

from balancer.admin_port import AdminPort
from balancer.failures import FailureMemory
from balancer.feed import Feed
from balancer.gateway import Gateway
from balancer.gateway_settings import GatewaySettings
from balancer.picker import Picker
from cluster.registry import Registry
from cluster.snapshot_cache import SnapshotCache


class GatewayService:
    """One gateway: `start` it once, `stop` it once."""

    def __init__(self, settings: GatewaySettings, registry: Registry) -> None:
        """Make a service that does not listen yet.

        Args:
            settings: see there.
            registry: where the nodes stand; not yet connected. The service closes it.
        """
        self._settings = settings
        self._registry = registry
        self._feed = Feed(registry, wait=settings.wait, cache=_cache(settings))
        failures = FailureMemory(time.monotonic)
        picker = Picker(settings.policy, zone=settings.zone, failures=failures)
        self.gateway = Gateway(settings, lambda: self._feed.snapshot, picker)
        # The port for operators; None if none is wanted.
        self._admin: AdminPort | None = None
        if settings.admin_port is not None:
            place = (settings.admin_host, settings.admin_port)
            metrics = self.gateway.metrics.registry
            self._admin = AdminPort(*place, ready=self.ready, metrics=metrics)
        # Set by `start`.
        self._joining: asyncio.Task[None] | None = None

    def ready(self) -> tuple[bool, dict[str, object]]:
        """Return whether clients can be passed on, and details."""
        snapshot = self._feed.snapshot
        details: dict[str, object] = {
            "nodes": len(snapshot.records),
            "stale": snapshot.stale,
            "connections": self.gateway.connections,
        }
        if not self.gateway.listening:
            return False, details | {"reason": "it is stopping"}
        if snapshot.confirmed is None:
            return False, details | {"reason": "the registry has not answered yet"}
        if not snapshot.records:
            return False, details | {"reason": "no node is registered"}
        return True, details

    async def start(self) -> int:
        """Listen, and begin to reach for the registry; return the port.

        Clients get 503 until there are nodes.

        Raises:
            OSError: an address cannot be listened on.
        """
        await self._feed.load()
        port = await self.gateway.start()
        if self._admin is not None:
            await self._admin.start()
        self._joining = asyncio.create_task(self._feed.join(), name="balancer gateway: join")
        return port

    async def joined(self) -> None:
        """Return when the registry has been reached.

        Raises:
            ServiceUnavailable: it was not, within the time that the settings allow.
        """
        assert self._joining is not None, "start the service first"
        await asyncio.shield(self._joining)

    async def stop(self, within: float) -> None:
        """Close the connections, spread over so many seconds, and let go of the registry."""
        await self.gateway.stop(within)
        if self._admin is not None:
            await self._admin.stop()
        if self._joining is not None:
            self._joining.cancel()
            # Waiting, unlike awaiting, does not raise the error that `joined` is there to tell.
            await asyncio.wait([self._joining])
        await self._feed.close()
        await self._registry.close()


def _cache(settings: GatewaySettings) -> SnapshotCache | None:
    if settings.cache is None:
        return None
    return SnapshotCache(settings.cache, f"zk://{settings.zk}?cluster={settings.cluster}")
