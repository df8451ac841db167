"""What the balancer asks nodes over their admin ports. It keeps nothing but its connections."""

from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

import aiohttp
import msgspec

from cluster.address import is_plain_host, join_host_port, parse_host_port
from cluster.errors import InvalidAddress
from cluster.record import NodeRecord

# Seconds for an answer; a node that takes longer counts as silent for now.
STATUS_TIMEOUT = 1.0
DRAIN_TIMEOUT = 5.0

# A hundred of the longest names, escaped, take less.
MAX_ANSWER_BYTES = 1 << 20

Count = Annotated[int, msgspec.Meta(ge=0)]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One channel: who is connected, and with which device."""

    user: str
    device: str


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself; the fields are those of its `/v1/status`."""

    node: str
    uptime: float
    state: str
    ready: bool
    services: dict[str, bool]
    degraded: tuple[str, ...]
    channels: Count
    users: Count
    received: Count
    stored: Count
    delivered: Count
    replayed: Count
    sample: tuple[Person, ...]


class CannotDrain(Exception):
    """A node could not be told to drain; the message says why, for people."""


_decoder = msgspec.json.Decoder(NodeStatus)

# What comes of a node that is not there, or of somebody else at its port. A RecursionError is what
# msgspec raises for JSON that is nested too deeply.
_NO_ANSWER = (aiohttp.ClientError, OSError, TimeoutError, ValueError, RecursionError)


class NodeAdmin:
    """Speaks with the admin ports of the nodes. Close it in the end."""

    def __init__(self) -> None:
        # Made at the first request, within the event loop; None before.
        self._session: aiohttp.ClientSession | None = None

    async def status(self, record: NodeRecord) -> NodeStatus | None:
        """Return what a node says of itself; None if it says nothing that can be used.

        Another node's answer is none: an admin port on the loopback interface of another machine
        is the port of somebody else here.
        """
        place = _place(record)
        if place is None:
            return None
        try:
            async with self._request("GET", f"http://{place}/v1/status", STATUS_TIMEOUT) as answer:
                found = _decoder.decode(await _read(answer))
        except _NO_ANSWER:
            return None
        return found if found.node == record.node_id else None

    async def drain(self, record: NodeRecord, within: float) -> dict[str, Any]:
        """Tell a node to drain; return how far it is, in the node's own words.

        Args:
            record: the node's.
            within: seconds that its clients may take to move.

        Raises:
            CannotDrain: it has no admin port, is not reached there, or refuses.
        """
        place = _place(record)
        if place is None:
            raise CannotDrain("the node has no admin port: start it with --admin-port")
        try:
            who = (await self._ask_drain("GET", place)).get("node")
            if who != record.node_id:
                raise CannotDrain(
                    f"another node answers at {place}: the balancer cannot reach the admin "
                    "port of this one; see --admin-host of 'server start'"
                )
            return await self._ask_drain("POST", place, within=within)
        except _NO_ANSWER as exc:
            raise CannotDrain(f"the node does not answer at {place}") from exc

    async def close(self) -> None:
        """Let go of the connections; safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _ask_drain(self, method: str, place: str, **query: float) -> dict[str, Any]:
        url = f"http://{place}/v1/drain"
        async with self._request(method, url, DRAIN_TIMEOUT, params=query) as answer:
            body = msgspec.json.decode(await _read(answer), type=dict[str, Any])
            if answer.status >= 400:
                raise CannotDrain(f"the node refuses: {body.get('error', answer.status)}")
            return body

    def _request(
        self, method: str, url: str, within: float, params: dict[str, float] | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=within)
        # No node sends anybody elsewhere; who does is none, and might send this program anywhere.
        return self._session.request(
            method, url, params=params, timeout=timeout, allow_redirects=False
        )


def _place(record: NodeRecord) -> str | None:
    """Return host and port of a node's admin port; None if the record names none.

    Whatever else stands there could be another path, and have this program ask for it.
    """
    try:
        host, port = parse_host_port(record.admin)
    except InvalidAddress:
        return None
    return join_host_port(host, port) if is_plain_host(host) else None


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body.

    Raises:
        ValueError: it is larger than any node's.
    """
    body = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise ValueError("too large an answer")
    return bytes(body)
