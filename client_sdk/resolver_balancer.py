"""The resolver for addresses like `http://BALANCER`: asks the balancer before each round.

The balancer orders the nodes. What this client has met itself comes on top: a node that just failed
it goes to the end of the list. While the balancer is away, its last answer serves.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import aiohttp
import msgspec

from balancer.failures import FailureMemory
from client_sdk.faults import Unreachable, parse_retry_after
from client_sdk.resolver import Candidate

log = logging.getLogger(__name__)


class _Node(msgspec.Struct):
    """What matters here of a record."""

    node_id: str
    url: str


class _Answer(_Node):
    """What the balancer answers: the node it picked, and those to try after it."""

    candidates: list[_Node] = []


_answers = msgspec.json.Decoder(_Answer)


class BalancerResolver:
    """Asks a balancer over HTTP."""

    def __init__(
        self,
        url: str,
        *,
        policy: str,
        user: str,
        zone: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask the balancer at `url`.

        Args:
            url: `http(s)://HOST:PORT`, with the path under which it stands, if any.
            policy: how it is to pick.
            user: who is asking, for the policies that stick to the user.
            zone: the zone to prefer; empty for the balancer's own.
            clock: returns monotonic seconds.
        """
        self._url = f"{url.rstrip('/')}/v1/node"
        self._query = {"policy": policy, "user": user} | ({"zone": zone} if zone else {})
        self._failures = FailureMemory(clock)
        # The last answer.
        self._known: list[Candidate] = []
        # Made in the event loop, when first needed; None before and after.
        self._session: aiohttp.ClientSession | None = None

    async def candidates(self, timeout: float) -> list[Candidate]:
        """Return what the balancer recommends; see `Resolver.candidates`."""
        try:
            self._known = await self._ask(timeout)
        except Unreachable as exc:
            if not self._known:
                raise
            log.warning("%s; using its last answer", exc)
        out = set(self._failures.ejected([candidate.url for candidate in self._known]))
        return sorted(self._known, key=lambda candidate: candidate.url in out)

    async def _ask(self, timeout: float) -> list[Candidate]:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with asyncio.timeout(timeout):
                async with self._session.get(self._url, params=self._query) as response:
                    body = await response.read()
        except TimeoutError as exc:
            raise Unreachable(f"balancer {self._url}: no answer within {timeout:.3g} s") from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise Unreachable(f"balancer {self._url}: {exc or type(exc).__name__}") from exc
        if response.status != 200:
            reason = f"balancer {self._url}: HTTP {response.status} {_shorten(body)}"
            raise Unreachable(reason, parse_retry_after(response.headers.get("Retry-After")))
        return self._read(body)

    def _read(self, body: bytes) -> list[Candidate]:
        try:
            answer = _answers.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise Unreachable(f"balancer {self._url}: not the answer of a balancer: {exc}") from exc
        unique: dict[str, Candidate] = {}
        for node in (answer, *answer.candidates):
            unique.setdefault(node.url, Candidate(node.url, node.node_id))
        return list(unique.values())

    def failed(self, url: str) -> None:
        """Learn that a node failed."""
        self._failures.failed(url)

    def succeeded(self, url: str) -> None:
        """Learn that a node works."""
        self._failures.succeeded(url)

    async def close(self) -> None:
        """Close the HTTP connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _shorten(body: bytes) -> str:
    return body[:200].decode(errors="replace").strip()
