"""The admin port: health, metrics and status over HTTP, who is present, traces, and the drain.

It has no authentication, so it listens on the loopback interface unless it is told otherwise.
"""

import math
from typing import TYPE_CHECKING

from aiohttp import web

from cluster.errors import InvalidName, Unavailable
from cluster.health import add_health_routes
from cluster.names import check_name
from server.admin_drain import add_drain_routes
from server.admin_trace import add_trace_route
from server.metrics import metrics_registry
from server.status import add_status_route

if TYPE_CHECKING:
    from server.node import Node

# Seconds that answers under way get when the node stops, and once more to be broken off.
_GRACE = 0.4


class Admin:
    """The HTTP server of one node's admin port."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._runner: web.AppRunner | None = None
        # The port that it listens on; None while it does not.
        self.port: int | None = None

    async def start(self) -> None:
        """Listen, if the settings name a port.

        Raises:
            OSError: the port cannot be listened on.
        """
        node, settings = self._node, self._node.settings
        if settings.admin_port is None:
            return
        app = web.Application()
        add_health_routes(
            app, ready=self._ready, metrics=metrics_registry(node.parts.stats, self._gauges)
        )
        app.router.add_get("/v1/presence/{user}", self._presence)
        add_drain_routes(app, node)
        add_status_route(app, node)
        add_trace_route(app, node)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)
        await self._runner.setup()
        site = web.TCPSite(self._runner, settings.admin_host, settings.admin_port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Listen no more; safe to call twice."""
        self.port = None
        if self._runner is not None:
            await self._runner.cleanup()

    def _ready(self) -> tuple[bool, dict[str, object]]:
        node = self._node
        return node.ready, {
            "node": node.node_id,
            "services": node.services(),
            "degraded": sorted(node.parts.degradation.reasons),
            "channels": len(node.parts.hub.channels),
            "draining": node.drain.begun,
        }

    def _gauges(self) -> dict[str, tuple[str, float]]:
        node = self._node
        # Counted elsewhere; read when somebody asks.
        node.parts.stats.receive_errors = node.backends.bus.receive_errors
        if node.membership is not None:
            node.parts.stats.bad_records = node.membership.bad_records
        limit = node.parts.admission.max_connections
        return {
            "channels": ("Open channels.", len(node.parts.hub.channels)),
            "max_connections": (
                "Channels that may be open; +Inf without a limit.",
                math.inf if limit is None else limit,
            ),
            "users": ("Users with a channel on this node.", len(node.parts.hub.users)),
            "waiting": ("Messages that wait to be stored.", node.parts.router.waiting),
            "degraded": ("1 while messages between nodes come by polling.", node.is_degraded()),
            "draining": ("1 from the beginning of the drain.", node.drain.begun),
            "ready": ("1 while clients can be served.", node.ready),
        }

    async def _presence(self, request: web.Request) -> web.Response:
        user = request.match_info["user"]
        try:
            check_name("user", user)
            channels = await self._node.parts.presence.channels_of(user)
        except InvalidName as exc:
            return web.json_response({"error": str(exc)}, status=400)
        except Unavailable as exc:
            return web.json_response({"error": str(exc)}, status=503, headers={"Retry-After": "1"})
        return web.json_response({"user": user, "online": bool(channels), "channels": channels})
