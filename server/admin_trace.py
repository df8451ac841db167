"""`/v1/trace/ID` on the admin port: what this node knows of a message's way."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from cluster.names import split_send_id
from server.trace import Event, OpenChannel, Place, trace

if TYPE_CHECKING:
    from server.node import Node


class TraceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one node answers.

    Attributes:
        node: which.
        since: from when on it knows everything, in seconds since 1970; None if it keeps nothing.
        events: what happened here, in order.
    """

    node: str
    since: float | None
    events: tuple[Event, ...]


def add_trace_route(app: web.Application, node: "Node") -> None:
    """Add GET to an application.

    Args:
        app: the application, before it is started.
        node: whose journal is searched.
    """
    hub, journal = node.parts.hub, node.parts.journal

    def open_channels(user: str) -> Iterator[OpenChannel]:
        for channel in hub.users.get(user, ()):
            yield OpenChannel(channel.id, channel.device, channel.sequence.next)

    async def tell(request: web.Request) -> web.Response:
        id = request.match_info["id"]
        try:
            places = [read_place(text) for text in request.query.getall("place", [])]
        except ValueError as exc:
            return web.json_response({"error": str(exc)}, status=400)
        if split_send_id(id) is None:
            return web.json_response({"error": "an id is <session>-<number>"}, status=400)
        events = trace(journal.entries(), id, places, open_channels)
        since = None if journal.since is None else round(journal.since, 3)
        answer = TraceAnswer(node=node.node_id, since=since, events=tuple(events))
        headers = {"Cache-Control": "no-store"}
        body = msgspec.json.encode(answer)
        return web.Response(body=body, content_type="application/json", headers=headers)

    app.router.add_get("/v1/trace/{id}", tell)


def write_place(place: Place) -> str:
    """Return a place as it stands in a request: `EPOCH:OFFSET:USER`."""
    return f"{place.epoch}:{place.offset}:{place.user}"


def read_place(text: str) -> Place:
    """Read a place out of a request.

    Raises:
        ValueError: it is none.
    """
    epoch, _, rest = text.partition(":")
    offset, _, user = rest.partition(":")
    if not (epoch and offset.isdecimal() and user):
        raise ValueError("a place is EPOCH:OFFSET:USER")
    return Place(epoch, user, int(offset))
