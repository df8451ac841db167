"""A port for operators: `/healthz`, `/readyz`, `/metrics` of a program that has no other HTTP."""

from aiohttp import web
from prometheus_client import CollectorRegistry

from cluster.health import Readiness, add_health_routes

# Seconds that requests under way get when the port closes.
_GRACE = 1.0


class AdminPort:
    """One such port: `start` it once, `stop` it once."""

    def __init__(
        self, host: str, port: int, *, ready: Readiness, metrics: CollectorRegistry
    ) -> None:
        """Describe it.

        Args:
            host: address to listen on.
            port: port to listen on; 0 for any free one.
            ready: see `cluster.health.add_health_routes`.
            metrics: see there.
        """
        self._place = (host, port)
        app = web.Application()
        add_health_routes(app, ready=ready, metrics=metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)

    async def start(self) -> int:
        """Listen; return the port.

        Raises:
            OSError: the address cannot be listened on.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._place).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Listen no more; safe if it never did."""
        await self._runner.cleanup()
