"""Tests of what the balancer asks nodes."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from balancer.node_admin import MAX_ANSWER_BYTES, CannotDrain, NodeAdmin, Person
from tests.balancer.node_port import node_port, with_admin
from tests.balancer.nodes import node
from tests.services import free_port


@pytest.fixture
async def admin() -> AsyncIterator[NodeAdmin]:
    admin = NodeAdmin()
    yield admin
    await admin.close()
    await admin.close()


async def test_a_node_tells_its_status(admin: NodeAdmin) -> None:
    async with node_port("a") as port:
        status = await admin.status(port.record)
        assert status is not None
        assert (status.node, status.channels) == ("a", 2)
        assert status.sample == (Person(user="alice", device="phone"),)


async def test_another_node_at_its_port_is_no_answer(admin: NodeAdmin) -> None:
    async with node_port("a") as port:
        port.status["node"] = "b"
        assert await admin.status(port.record) is None
        with pytest.raises(CannotDrain, match="another node answers"):
            await admin.drain(port.record, 5.0)
        assert port.drained == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"\xff", b"[]", b'{"node": "a"}', b" " * (MAX_ANSWER_BYTES + 1)),
        b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
async def test_rubbish_is_no_answer(admin: NodeAdmin, body: bytes) -> None:
    async def rubbish(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_get("/v1/status", rubbish)
    app.router.add_get("/v1/drain", rubbish)
    async with TestServer(app) as server:
        record = with_admin(node("a"), server.port)
        assert await admin.status(record) is None
        with pytest.raises(CannotDrain):
            await admin.drain(record, 5.0)


async def test_who_sends_elsewhere_is_no_node(admin: NodeAdmin) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", elsewhere)
    async with TestServer(app) as server:
        record = with_admin(node("a"), server.port)
        assert await admin.status(record) is None
        with pytest.raises(CannotDrain):
            await admin.drain(record, 5.0)
    assert asked == ["/v1/status", "/v1/drain"]


@pytest.mark.parametrize("more", ["/v1/drain?x=", "/", "#", "?", "\\"])
async def test_a_record_cannot_name_more_than_a_port(admin: NodeAdmin, more: str) -> None:
    asked: list[str] = []

    async def anything(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", anything)
    async with TestServer(app) as server:
        for place in (f"127.0.0.1:{server.port}{more}", f"127.0.0.1{more}:{server.port}"):
            record = msgspec.structs.replace(node("a"), admin=place)
            assert await admin.status(record) is None
            with pytest.raises(CannotDrain, match="no admin port"):
                await admin.drain(record, 5.0)
    assert asked == []


async def test_nobody_at_its_port_is_no_answer(admin: NodeAdmin) -> None:
    record = with_admin(node("a"), free_port())
    assert await admin.status(record) is None
    with pytest.raises(CannotDrain, match=f"does not answer at {record.admin}"):
        await admin.drain(record, 5.0)


async def test_a_node_without_a_port_is_not_asked(admin: NodeAdmin) -> None:
    assert await admin.status(node("a")) is None
    with pytest.raises(CannotDrain, match="no admin port"):
        await admin.drain(node("a"), 5.0)


async def test_a_node_is_drained(admin: NodeAdmin) -> None:
    async with node_port("a") as port:
        assert (await admin.drain(port.record, 7.5))["draining"] is True
        assert port.drained == [7.5]
        port.refusal = "it is starting"
        with pytest.raises(CannotDrain, match="refuses: it is starting"):
            await admin.drain(port.record, 7.5)
