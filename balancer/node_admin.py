"""What the balancer asks nodes over their admin ports. It keeps nothing but its connections."""

from typing import Annotated, Any

import aiohttp
import msgspec

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
        if not record.admin:
            return None
        try:
            async with self._http().get(
                f"http://{record.admin}/v1/status", timeout=_within(STATUS_TIMEOUT)
            ) as answer:
                found = _decoder.decode(await _read(answer))
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError, ValueError):
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
        if not record.admin:
            raise CannotDrain("the node has no admin port: start it with --admin-port")
        try:
            who = (await self._ask_drain("GET", record)).get("node")
            if who != record.node_id:
                raise CannotDrain(
                    f"another node answers at {record.admin}: the balancer cannot reach the admin "
                    "port of this one; see --admin-host of 'server start'"
                )
            return await self._ask_drain("POST", record, within=within)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as exc:
            raise CannotDrain(f"the node does not answer at {record.admin}") from exc

    async def close(self) -> None:
        """Let go of the connections; safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _ask_drain(self, method: str, record: NodeRecord, **query: float) -> dict[str, Any]:
        url = f"http://{record.admin}/v1/drain"
        timeout = _within(DRAIN_TIMEOUT)
        async with self._http().request(method, url, params=query, timeout=timeout) as answer:
            body = msgspec.json.decode(await _read(answer), type=dict[str, Any])
            if answer.status >= 400:
                raise CannotDrain(f"the node refuses: {body.get('error', answer.status)}")
            return body

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session


def _within(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds)


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
