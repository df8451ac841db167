"""The HTTP interface: requests in, answers out. What they say comes from feed and pickers.

GET /v1/node?policy=&user=&zone=&count=    the node to connect to, and further candidates
GET /v1/nodes?version=&wait=               all nodes; waits for another version if asked to
GET /                                      the page for a browser, for others what this is
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from balancer.answers import error_answer, node_answer, nodes_answer
from balancer.client_address import client_address
from balancer.feed import Feed
from balancer.metrics import Metrics
from balancer.page import Page, wants_page
from balancer.pickers import Pickers
from balancer.query import BadParameter, read_node_query, read_nodes_query
from balancer.settings import BalancerSettings

# Seconds after which a client may ask again when there was no node.
RETRY_AFTER = 1

_HOME = """\
This is a balancer of a messaging cluster: it says which node to connect to.

  GET /v1/node    the node for this client, and further candidates
                  ?policy=round_robin|ip_hash|consistent_hash|least_loaded
                  &user=NAME &zone=ZONE &count=N
  GET /v1/nodes   all nodes; ?version=V&wait=SECONDS answers when the list is no longer version V
  GET /v1/cluster the nodes and what they say of themselves, as the page shows it
  GET /           in a browser: the page
  GET /healthz    whether this process answers
  GET /readyz     whether it knows the nodes
  GET /metrics    its numbers, for Prometheus
"""

# Browsers ask from other origins. The answers are public, and good for one use only.
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
    "Cache-Control": "no-store",
}

_log = logging.getLogger(__name__)


class Api:
    """The handlers of one balancer."""

    def __init__(
        self,
        settings: BalancerSettings,
        feed: Feed,
        pickers: Pickers,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._feed = feed
        self._pickers = pickers
        self._metrics = metrics
        self._clock = clock
        self._page = Page()

    def add_routes(self, app: web.Application) -> None:
        """Add the routes to an application, and what holds for all of its answers."""
        app.router.add_get("/", self._home)
        self._page.add_routes(app)
        # No HEAD: it would take a turn in the rotation for nothing.
        app.router.add_get("/v1/node", self._node, allow_head=False)
        app.router.add_get("/v1/nodes", self._nodes, allow_head=False)
        app.middlewares.append(self._count)
        app.middlewares.append(tell_errors)
        app.on_response_prepare.append(_allow_browsers)

    def ready(self) -> tuple[bool, dict[str, object]]:
        """Return whether the nodes are known, and how well."""
        snapshot = self._feed.snapshot
        details: dict[str, object] = {
            "nodes": len(snapshot.records),
            "version": snapshot.version,
            "age": snapshot.age(self._clock()),
            "stale": snapshot.stale,
        }
        if snapshot.confirmed is None:
            return False, details | {"reason": self._why_empty()}
        if snapshot.stale:
            details["degraded"] = "the registry cannot confirm the list: this is the last one known"
        return True, details

    async def _home(self, request: web.Request) -> web.Response:
        if wants_page(request):
            return self._page.home(request)
        return web.Response(text=_HOME, headers={"Vary": "Accept"})

    async def _node(self, request: web.Request) -> web.Response:
        query = read_node_query(request.query, self._settings.policy)
        snapshot = self._feed.snapshot
        key = query.key(self._address(request))
        with self._metrics.pick_seconds.time():
            candidates = self._pickers.candidates(
                query.policy, query.zone, snapshot, key, query.count + 1
            )
        if not candidates:
            self._metrics.unanswered.inc()
            headers = {"Retry-After": str(RETRY_AFTER)}
            return _json(error_answer("no_nodes", self._why_empty()), 503, headers)
        self._metrics.picks.labels(query.policy).inc()
        return _json(node_answer(candidates, snapshot, self._clock()))

    async def _nodes(self, request: web.Request) -> web.Response:
        query = read_nodes_query(request.query)
        if query.version is None:
            snapshot = self._feed.snapshot
        else:
            with self._metrics.waiting.track_inprogress():
                snapshot = await self._feed.another(query.version, query.wait)
        return _json(nodes_answer(snapshot, self._clock()))

    def _address(self, request: web.Request) -> str | None:
        forwarded = request.headers.getall("X-Forwarded-For", ())
        return client_address(request.remote, forwarded, self._settings.trusted_proxies)

    def _why_empty(self) -> str:
        """Return why there is no node, and what to do about it."""
        if self._feed.snapshot.confirmed is None:
            return "the registry has not answered yet: is ZooKeeper running?"
        cluster = self._settings.cluster
        return f"no node is registered in the cluster '{cluster}': start one with 'server start'"

    @web.middleware
    async def _count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        resource = request.match_info.route.resource
        path = "other" if resource is None else resource.canonical
        self._metrics.requests.labels(path, response.status).inc()
        return response


@web.middleware
async def tell_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer errors as JSON; one that nobody expected is logged and costs this request only."""
    try:
        return await handler(request)
    except BadParameter as exc:
        return _json(error_answer("bad_parameter", str(exc), exc.parameter), 400)
    except web.HTTPException as exc:
        headers = {"Allow": exc.headers["Allow"]} if "Allow" in exc.headers else {}
        error = exc.reason.lower().replace(" ", "_")
        reason = f"{request.method} {request.path}: {exc.reason}; GET / lists what there is"
        return _json(error_answer(error, reason), exc.status, headers)
    except Exception:
        _log.exception("could not answer %s %s", request.method, request.path)
        return _json(error_answer("internal", "a fault of the balancer; its log says more"), 500)


async def _allow_browsers(request: web.Request, response: web.StreamResponse) -> None:
    if request.path.startswith("/v1/"):
        response.headers.update(_HEADERS)


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
