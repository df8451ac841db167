"""The HTTP routes by which others see how a process is: `/healthz`, `/readyz` and `/metrics`.

They only tell what they are told; deciding what "ready" means is up to each program.
"""

import json
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Readiness = Callable[[], tuple[bool, dict[str, object]]]

_NO_STORE = {"Cache-Control": "no-store"}


def add_health_routes(
    app: web.Application, *, ready: Readiness, metrics: CollectorRegistry
) -> None:
    """Add the three routes to an application.

    Args:
        app: the application, before it is started.
        ready: returns whether requests can be served now, and details for the answer's body;
            called for each request to `/readyz`, so it has to be quick.
        metrics: what `/metrics` shows.
    """

    async def healthz(_request: web.Request) -> web.Response:
        return _json({"healthy": True})

    async def readyz(_request: web.Request) -> web.Response:
        is_ready, details = ready()
        return _json({"ready": is_ready, **details}, 200 if is_ready else 503)

    async def show_metrics(_request: web.Request) -> web.Response:
        headers = _NO_STORE | {"Content-Type": CONTENT_TYPE_LATEST}
        return web.Response(body=generate_latest(metrics), headers=headers)

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", show_metrics)


def _json(body: dict[str, object], status: int = 200) -> web.Response:
    text = json.dumps(body, default=str)
    return web.json_response(text=text, status=status, headers=_NO_STORE)
