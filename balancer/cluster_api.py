"""The page's part of the HTTP interface: the picture of the cluster, and the drain of a node.

GET  /v1/cluster            everything that the page draws
POST /v1/drain/{node_id}    has a node drain; for the operator alone
"""

import math
import time
from collections.abc import Callable

from aiohttp import web

from balancer.admin_token import Access, access
from balancer.answers import error_answer
from balancer.cluster_view import ClusterView, cluster_answer
from balancer.failures import FailureMemory
from balancer.feed import Feed
from balancer.node_admin import CannotDrain, NodeAdmin
from balancer.query import BadParameter
from balancer.settings import BalancerSettings

# Seconds that clients get to move if the request does not say, and at most; as on a node.
DRAIN_WITHIN = 30.0
MAX_WITHIN = 3600.0

_REFUSALS = {
    Access.OFF: (403, "this balancer drains no nodes: start it with --allow-admin"),
    Access.LOCKED: (401, "the operator's token is missing: Authorization: Bearer TOKEN"),
    Access.WRONG: (401, "this is not the operator's token"),
}


class ClusterApi:
    """The handlers behind the page."""

    def __init__(
        self,
        settings: BalancerSettings,
        feed: Feed,
        failures: FailureMemory,
        nodes: NodeAdmin,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._feed = feed
        self._failures = failures
        self._nodes = nodes
        self._clock = clock
        self._view = ClusterView(lambda: feed.snapshot, nodes.status, clock=clock)

    def add_routes(self, app: web.Application) -> None:
        """Add the routes to an application that has `Api`'s already, which tell its errors."""
        app.router.add_get("/v1/cluster", self._cluster, allow_head=False)
        app.router.add_post("/v1/drain/{node_id}", self._drain)

    async def close(self) -> None:
        """Ask the nodes nothing more."""
        await self._view.close()
        await self._nodes.close()

    async def _cluster(self, request: web.Request) -> web.Response:
        statuses = await self._view.statuses()
        snapshot = self._feed.snapshot
        body = cluster_answer(
            self._settings.cluster,
            snapshot,
            self._clock(),
            statuses,
            self._failures.ejected(snapshot.node_ids()),
            self._access(request),
        )
        return _json(body)

    async def _drain(self, request: web.Request) -> web.Response:
        allowed = self._access(request)
        if allowed is not Access.GRANTED:
            status, reason = _REFUSALS[allowed]
            return _json(error_answer("not_allowed", reason), status)
        within = read_within(request.query.get("within"))
        node_id = request.match_info["node_id"]
        record = self._feed.snapshot.find(node_id)
        if record is None:
            return _json(error_answer("no_such_node", f"no node {node_id} is registered"), 404)
        try:
            begun = await self._nodes.drain(record, within)
        except CannotDrain as exc:
            return _json(error_answer("cannot_drain", str(exc)), 502)
        return web.json_response(begun, status=202)

    def _access(self, request: web.Request) -> Access:
        return access(self._settings.admin_token, request.headers.get("Authorization"))


def read_within(text: str | None) -> float:
    """Return the seconds that a request names, or the usual ones.

    Raises:
        BadParameter: it names something else.
    """
    if text is None:
        return DRAIN_WITHIN
    try:
        within = float(text)
    except ValueError:
        within = math.nan
    if not 0.0 <= within <= MAX_WITHIN:
        raise BadParameter("within", f"must be a number of seconds from 0 to {MAX_WITHIN:g}")
    return within


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
