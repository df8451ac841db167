"""The resolver for addresses like `http://BALANCER`: asks the balancer before each round.

The balancer orders the nodes. What this client has met itself comes on top: a node that just failed
it goes to the end of the list. While the balancer is away, its last answer serves, with a cache
that of an earlier run.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import aiohttp
import msgspec

from balancer.failures import FailureMemory
from client_sdk.faults import Unreachable, parse_retry_after
from client_sdk.resolver import FIRST_TRY, Candidate, as_candidates, each_url_once
from cluster.os_errors import in_words
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot
from cluster.snapshot_cache import SnapshotCache

log = logging.getLogger(__name__)


class _Rest(msgspec.Struct):
    """What matters here of an answer beside the record of the node that was picked."""

    candidates: tuple[NodeRecord, ...] = ()
    age: float | None = None


_first = msgspec.json.Decoder(NodeRecord)
_rest = msgspec.json.Decoder(_Rest)


class BalancerResolver:
    """Asks a balancer over HTTP."""

    def __init__(
        self,
        url: str,
        *,
        policy: str,
        user: str,
        zone: str = "",
        cache: SnapshotCache | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask the balancer at `url`.

        Args:
            url: `http(s)://HOST:PORT`, with the path under which it stands, if any.
            policy: how it is to pick.
            user: who is asking, for the policies that stick to the user.
            zone: the zone to prefer; empty for the balancer's own.
            cache: keeps the last answer for the next start, owned by the resolver from now on;
                None for nobody.
            clock: returns monotonic seconds.
        """
        self._url = f"{url.rstrip('/')}/v1/node"
        self._query = {"policy": policy, "user": user} | ({"zone": zone} if zone else {})
        self._clock = clock
        self._failures = FailureMemory(clock)
        self._cache = cache
        # The last answer, or that of an earlier run; its records in the order of preference.
        self._known = Snapshot()
        # Whether the cache has been looked into.
        self._begun = False
        # Made in the event loop, when first needed; None before and after.
        self._session: aiohttp.ClientSession | None = None

    async def candidates(self, timeout: float) -> list[Candidate]:
        """Return what the balancer recommends; see `Resolver.candidates`."""
        await self._begin()
        try:
            await self._ask(min(timeout, FIRST_TRY) if self._known.records else timeout)
        except Unreachable as exc:
            if not self._known.records:
                raise
            log.warning("%s; using its last answer", exc)
        known = as_candidates(self._known.records)
        out = set(self._failures.ejected([candidate.url for candidate in known]))
        return sorted(known, key=lambda candidate: candidate.url in out)

    async def _begin(self) -> None:
        """Look into the cache, once."""
        if self._cache is not None and not self._begun:
            self._known = await self._cache.load() or self._known
            self._cache.start(lambda: self._known)
        self._begun = True

    async def _ask(self, timeout: float) -> None:
        body = await self._get(timeout)
        try:
            first, rest = _first.decode(body), _rest.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise Unreachable(f"balancer {self._url}: not the answer of a balancer: {exc}") from exc
        confirmed = self._clock() - (rest.age or 0.0)
        self._known = Snapshot(each_url_once((first, *rest.candidates)), confirmed=confirmed)
        if self._cache is not None:
            self._cache.changed()

    async def _get(self, timeout: float) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with asyncio.timeout(timeout):
                async with self._session.get(self._url, params=self._query) as response:
                    body = await response.read()
        except TimeoutError as exc:
            raise Unreachable(f"balancer {self._url}: no answer within {timeout:.3g} s") from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise Unreachable(f"balancer {self._url}: {in_words(exc)}") from exc
        if response.status != 200:
            reason = f"balancer {self._url}: HTTP {response.status} {_shorten(body)}"
            raise Unreachable(reason, parse_retry_after(response.headers.get("Retry-After")))
        return body

    def failed(self, url: str) -> None:
        """Learn that a node failed."""
        self._failures.failed(url)

    def succeeded(self, url: str) -> None:
        """Learn that a node works."""
        self._failures.succeeded(url)

    async def close(self) -> None:
        """Close the HTTP connections."""
        if self._cache is not None:
            await self._cache.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _shorten(body: bytes) -> str:
    return body[:200].decode(errors="replace").strip()
