"""The balancer as a service: HTTP on top of a feed. It knows neither command line nor signals."""

import asyncio

from aiohttp import web

from balancer.api import Api
from balancer.cluster_api import ClusterApi
from balancer.feed import Feed
from balancer.metrics import Metrics
from balancer.node_admin import NodeAdmin
from balancer.pickers import Pickers
from balancer.prober import Prober, probed_failures
from balancer.settings import BalancerSettings
from cluster.health import add_health_routes
from cluster.registry import Registry
from cluster.snapshot_cache import SnapshotCache

# Seconds that requests under way get when the service stops.
_GRACE = 2.0

# Seconds for which a connection may ask nothing, or not finish asking. Longer than proxies keep
# theirs, 60 s as a rule: whoever closes first must not be the one that is just being asked.
_IDLE = 75.0


class BalancerService:
    """One balancer: `start` it once, `stop` it once."""

    def __init__(self, settings: BalancerSettings, registry: Registry) -> None:
        """Make a balancer that does not listen yet.

        Args:
            settings: see there.
            registry: where the nodes stand; not yet connected. The service closes it.
        """
        self._settings = settings
        self._registry = registry
        self._feed = Feed(registry, wait=settings.wait, cache=_cache(settings))
        self._failures = probed_failures(settings.probe)
        self._prober = Prober(lambda: self._feed.snapshot, self._failures, every=settings.probe)
        self._cluster = ClusterApi(settings, self._feed, self._failures, NodeAdmin())
        # Both are set by `start`.
        self._runner: web.AppRunner | None = None
        self._joining: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen, and begin to reach for the registry; return the port.

        Requests are answered from now on: from the cache, or without one with 503, until the
        registry has shown its nodes.

        Raises:
            OSError: the address cannot be listened on.
        """
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            keepalive_timeout=_IDLE,  # aiohttp's own is an hour
            handler_cancellation=True,  # a client that has gone ends its long poll
            shutdown_timeout=_GRACE,
        )
        await self._feed.load()
        await runner.setup()
        self._runner = runner
        await web.TCPSite(runner, self._settings.host, self._settings.port).start()
        self._joining = asyncio.create_task(self._feed.join(), name="balancer: join")
        if self._settings.probe:
            self._prober.start()
        return int(runner.addresses[0][1])

    async def joined(self) -> None:
        """Return when the registry has been reached.

        Raises:
            ServiceUnavailable: it was not, within the time that the settings allow.
        """
        if self._joining is None:
            raise RuntimeError("start the service first")
        await asyncio.shield(self._joining)

    async def stop(self) -> None:
        """Listen no more, finish what is under way, and let go of the registry."""
        self._feed.end()
        await self._prober.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._cluster.close()
        if self._joining is not None:
            self._joining.cancel()
            # Waiting, unlike awaiting, does not raise the error that `joined` is there to tell.
            await asyncio.wait([self._joining])
        await self._feed.close()
        await self._registry.close()

    def _application(self) -> web.Application:
        app = web.Application()
        metrics = Metrics(self._feed, self._failures)
        pickers = Pickers(self._settings.zone, self._failures)
        api = Api(self._settings, self._feed, pickers, metrics)
        api.add_routes(app)
        self._cluster.add_routes(app)
        add_health_routes(app, ready=api.ready, metrics=metrics.registry)
        return app


def _cache(settings: BalancerSettings) -> SnapshotCache | None:
    if settings.cache is None:
        return None
    return SnapshotCache(settings.cache, f"zk://{settings.zk}?cluster={settings.cluster}")
