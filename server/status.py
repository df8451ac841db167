"""`/v1/status` on the admin port: what a node tells those who draw a picture of the cluster.

It names users, so whoever hands the answer on to the public has to take `sample` out of it.
"""

import time
from collections.abc import Callable
from itertools import chain, islice
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from server.node import Node

# How many channels the sample names at most: enough for a picture, little to send each second.
SAMPLE = 100

# What is told of the counters: enough to see messages come in and go out.
COUNTERS = ("received", "stored", "delivered", "replayed")


def add_status_route(
    app: web.Application, node: "Node", clock: Callable[[], float] = time.monotonic
) -> None:
    """Add GET to an application.

    Args:
        app: the application, before it is started.
        node: what is told of.
        clock: returns monotonic seconds; `uptime` counts by it from now on.
    """
    since = clock()

    async def tell(_request: web.Request) -> web.Response:
        body = status_of(node, round(clock() - since, 3))
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    app.router.add_get("/v1/status", tell)


def status_of(node: "Node", uptime: float, *, sample: int = SAMPLE) -> dict[str, object]:
    """Return what there is to tell of a node.

    Args:
        node: may be in any state.
        uptime: seconds for which it has run; the counters' growth by it is a rate.
        sample: how many channels to name at most.
    """
    hub, stats = node.parts.hub, node.parts.stats
    return {
        "node": node.node_id,
        "uptime": uptime,
        "state": "draining" if node.drain.begun else "up",
        "ready": node.ready,
        "services": node.services(),
        "degraded": sorted(node.parts.degradation.reasons),
        "channels": len(hub.channels),
        "users": len(hub.users),
        **{name: getattr(stats, name) for name in COUNTERS},
        "sample": [
            {"user": channel.user, "device": channel.device}
            for channel in islice(chain.from_iterable(hub.users.values()), sample)
        ],
    }
