"""`/v1/drain` on the admin port: begins the drain of a node, and tells how far it is."""

import math
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from server.node import Node

# Seconds that a drain takes if the request does not say, and at most.
DEFAULT_WITHIN = 30.0
MAX_WITHIN = 3600.0


def add_drain_routes(app: web.Application, node: "Node") -> None:
    """Add GET and POST to an application.

    Args:
        app: the application, before it is started.
        node: what is to drain; whoever runs it stops it when `node.drain.ended` is set.
    """

    async def tell(_request: web.Request) -> web.Response:
        return _progress(node, 200)

    async def begin(request: web.Request) -> web.Response:
        if "Origin" in request.headers:
            # A page that somebody on this machine looks at could post here; other programs name
            # no origin.
            return web.json_response({"error": "not for browsers"}, status=403)
        within = read_within(request.query.get("within"))
        if within is None:
            error = f"within must be a number of seconds from 0 to {MAX_WITHIN:g}"
            return web.json_response({"error": error}, status=400)
        if not node.running:
            return web.json_response({"error": "the node is starting or stopping"}, status=409)
        node.drain.begin(within)
        return _progress(node, 202)

    app.router.add_get("/v1/drain", tell)
    app.router.add_post("/v1/drain", begin)


def read_within(text: str | None) -> float | None:
    """Return the seconds that a request names, or the usual ones; None if it makes no sense."""
    if text is None:
        return DEFAULT_WITHIN
    try:
        within = float(text)
    except ValueError:
        return None
    return within if math.isfinite(within) and 0.0 <= within <= MAX_WITHIN else None


def _progress(node: "Node", status: int) -> web.Response:
    body = {
        "node": node.node_id,
        "draining": node.drain.begun,
        "within": round(node.drain.left, 3),
        "channels": len(node.parts.hub.channels),
        "told": node.parts.stats.moved["drain"],
    }
    return web.json_response(body, status=status)
