"""The gateway: takes WebSocket connections at one address, and passes each on to a picked node.

    a request's head → check it → pick → ask node after node → 101: splice the two connections
                                          └ refused, silent, 5xx: remember that, try the next

It reads the two heads and nothing behind them. What a node answers otherwise (400, 401, 403, 404)
the client gets as it is; if no node takes it, 503 with the shortest `Retry-After` that they named.
"""

import asyncio
import contextlib
import http
import logging
import time
from collections.abc import Callable

from balancer.client_address import client_address
from balancer.gateway_arrival import Arrival
from balancer.gateway_asking import NO_FILES, Answer, Unanswered, ask, whole
from balancer.gateway_head import BadHead, Request, parse_request
from balancer.gateway_metrics import GatewayMetrics
from balancer.gateway_settings import GatewaySettings
from balancer.gateway_splice import Splice
from balancer.picker import Picker
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot

# How many connections may wait to be accepted: all clients of another gateway may come at once.
_BACKLOG = 4096

# Seconds after which a client may come back, if no node has named a time; and the longest believed.
RETRY_AFTER = 1
_LONGEST_RETRY_AFTER = 600

# Why a request's head is refused, by its answer; for the metrics.
_REASONS = {404: "not_found", 426: "not_websocket", 408: "late", 431: "too_large"}

_log = logging.getLogger(__name__)


class Gateway:
    """One gateway: `start` it once, `stop` it once."""

    def __init__(
        self,
        settings: GatewaySettings,
        snapshot: Callable[[], Snapshot],
        picker: Picker,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a gateway that does not listen yet.

        Args:
            settings: see there.
            snapshot: returns the nodes as last known.
            picker: picks from it, and remembers who failed.
            clock: returns monotonic seconds.
        """
        self._settings = settings
        self._snapshot = snapshot
        self._picker = picker
        self._clock = clock
        self.metrics = GatewayMetrics(snapshot, lambda: len(self._splices))
        # Clients that have no node yet.
        self._arrivals: set[Arrival] = set()
        # Clients that have been turned away and have not closed yet. They take nobody's place.
        self._leaving: set[Arrival] = set()
        # What looks for a node for them.
        self._tasks: set[asyncio.Task[None]] = set()
        # Clients that have one.
        self._splices: set[Splice] = set()
        # Set while there are none of them.
        self._empty = asyncio.Event()
        self._empty.set()
        # Set by `start`; None again when it listens no more.
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many clients have a node, or may get one."""
        return len(self._arrivals) + len(self._splices)

    @property
    def listening(self) -> bool:
        """Whether clients can come."""
        return self._server is not None

    async def start(self) -> int:
        """Listen; return the port.

        Raises:
            OSError: the address cannot be listened on.
        """
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Arrival(self),
            self._settings.host,
            self._settings.port,
            backlog=_BACKLOG,
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, within: float) -> None:
        """Listen no more, and close the connections, spread evenly over so many seconds.

        All at once, their clients would be at the next gateway all at once.
        """
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for arrival in list(self._arrivals):
            if not arrival.done:
                arrival.tcp.close()
        await self._close_by_and_by(within)
        for task in self._tasks:
            task.cancel()
        for arrival in [*self._arrivals, *self._leaving]:
            arrival.tcp.close()
        for splice in list(self._splices):
            splice.close()
        await self._empty.wait()

    async def _close_by_and_by(self, within: float) -> None:
        """Return when nobody is left, or after so many seconds."""
        splices = list(self._splices)
        began = asyncio.get_running_loop().time()
        for number, splice in enumerate(splices, 1):
            try:
                async with asyncio.timeout_at(began + within * number / len(splices)):
                    await self._empty.wait()
                return
            except TimeoutError:
                splice.close()
        # Who had no node yet when it began, and who has not closed yet.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(began + within):
                await self._empty.wait()

    def arrived(self, arrival: Arrival) -> None:
        """See `balancer.gateway_arrival.Host`."""
        self._arrivals.add(arrival)
        self._empty.clear()
        most = self._settings.max_connections
        if most is not None and self.connections > most:
            # Before it has asked: a crowd that has to wait shall cost as little as it can.
            self._turn_away(arrival, "full", "this gateway is full", RETRY_AFTER)

    def fell_short(self, arrival: Arrival, status: int, reason: str) -> None:
        """See `balancer.gateway_arrival.Host`."""
        self._refuse(arrival, _REASONS.get(status, "bad_request"), status, reason)

    def gone(self, arrival: Arrival) -> None:
        """See `balancer.gateway_arrival.Host`."""
        self._arrivals.discard(arrival)
        self._leaving.discard(arrival)
        self._look_whether_empty()

    def _ended(self, splice: Splice) -> None:
        self._splices.discard(splice)
        self._look_whether_empty()

    def _look_whether_empty(self) -> None:
        if not self.connections and not self._leaving:
            self._empty.set()

    def asked(self, arrival: Arrival, head: bytes) -> None:
        """See `balancer.gateway_arrival.Host`."""
        task = asyncio.create_task(self._serve(arrival, head))
        self._tasks.add(task)
        task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            _log.error("a client could not be served", exc_info=fault)

    async def _serve(self, arrival: Arrival, head: bytes) -> None:
        """Find a node for a client that has asked, or turn it away."""
        try:
            request = self._check(head)
        except BadHead as exc:
            self.fell_short(arrival, exc.status, exc.reason)
            return
        try:
            await self._find(arrival, request)
        except BaseException:
            arrival.tcp.abort()
            raise

    def _check(self, head: bytes) -> Request:
        request = parse_request(head)
        if request.path != self._settings.path:
            raise BadHead(404, f"WebSockets are served at {self._settings.path}")
        return request

    async def _find(self, arrival: Arrival, request: Request) -> None:
        """Ask one node after the other, until one answers for itself."""
        began = self._clock()
        asks = request.passed_on(arrival.peer)
        waits: list[int] = []
        for record in self._candidates(arrival, request):
            answer = await self._ask(record, asks, waits)
            if arrival.tcp.is_closing():
                if answer is not None:
                    answer.tcp.abort()
                return
            if answer is None:
                continue
            if answer.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                self._join(arrival, answer)
                self.metrics.seconds.observe(self._clock() - began)
            else:
                self.metrics.passed.labels(answer.status).inc()
                self._leaves(arrival)
                arrival.answer(await whole(answer))
            return
        self._turn_away(arrival, "no_node", "no node takes clients now", min(waits, default=None))

    def _candidates(self, arrival: Arrival, request: Request) -> list[NodeRecord]:
        forwarded = request.values("X-Forwarded-For")
        key = client_address(arrival.peer, forwarded, self._settings.trusted_proxies)
        return self._picker.candidates(self._snapshot(), key)

    async def _ask(self, record: NodeRecord, asks: bytes, waits: list[int]) -> Answer | None:
        """Return a node's answer; None, and remember it, if the next one is to be tried."""
        try:
            answer = await ask(record.host, record.port, asks)
        except Unanswered as exc:
            reason = exc.reason
        else:
            if answer.status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                self._picker.succeeded(record.node_id)
                return answer
            answer.tcp.abort()
            reason = str(answer.status)
            waits.append(_seconds(answer.headers.get("retry-after", "")))
        if reason != NO_FILES:
            self._picker.failed(record.node_id)
        self.metrics.retries.labels(reason).inc()
        _log.debug("node %s at %s:%d: %s", record.node_id, record.host, record.port, reason)
        return None

    def _join(self, arrival: Arrival, answer: Answer) -> None:
        """Make one connection of the client's and the node's."""
        self._arrivals.discard(arrival)
        splice = Splice(
            arrival.tcp, answer.tcp, patience=self._settings.patience, ended=self._ended
        )
        self._splices.add(splice)
        self.metrics.picks.labels(self._settings.policy).inc()
        splice.begin(to_client=answer.data, to_node=arrival.data)

    def _turn_away(self, arrival: Arrival, reason: str, text: str, wait: int | None) -> None:
        status = http.HTTPStatus.SERVICE_UNAVAILABLE
        self._refuse(arrival, reason, status, text, RETRY_AFTER if wait is None else wait)

    def _refuse(
        self, arrival: Arrival, reason: str, status: int, text: str, wait: int | None = None
    ) -> None:
        self.metrics.refused.labels(reason).inc()
        self._leaves(arrival)
        arrival.refuse(status, text, wait)

    def _leaves(self, arrival: Arrival) -> None:
        """Count a client no more, unless it has gone by itself."""
        if arrival in self._arrivals:
            self._arrivals.discard(arrival)
            self._leaving.add(arrival)


def _seconds(retry_after: str) -> int:
    """Read a `Retry-After` in seconds (RFC 9110, section 10.2.3); 1 if it is none."""
    if not (retry_after.isascii() and retry_after.isdigit()):
        return RETRY_AFTER
    return max(RETRY_AFTER, min(int(retry_after[:9]), _LONGEST_RETRY_AFTER))
