"""Tests of the page's part of the HTTP interface, through the service."""

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from balancer.cluster_api import DRAIN_WITHIN, read_within
from balancer.query import BadParameter
from balancer.service import BalancerService
from balancer.settings import BalancerSettings
from tests.balancer.node_port import NodePort, node_port, with_admin
from tests.balancer.nodes import node
from tests.balancer.registries import HandRegistry
from tests.services import free_port

TOKEN = "0123456789abcdef"
SETTINGS = BalancerSettings(host="127.0.0.1", port=0, probe=0, admin_token=TOKEN)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def port() -> AsyncIterator[NodePort]:
    async with node_port("a") as port:
        yield port


@pytest.fixture
async def registry(port: NodePort) -> HandRegistry:
    registry = HandRegistry()
    registry.membership.show(port.record)
    return registry


@pytest.fixture
async def url(registry: HandRegistry) -> AsyncIterator[str]:
    service = BalancerService(SETTINGS, registry)
    url = f"http://127.0.0.1:{await service.start()}"
    await service.joined()
    yield url
    await service.stop()


async def ask(
    http: aiohttp.ClientSession, method: str, url: str, token: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON of an answer."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with http.request(method, url, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_the_picture_tells_of_the_nodes(
    http: aiohttp.ClientSession, url: str, registry: HandRegistry, port: NodePort
) -> None:
    status, body = await ask(http, "GET", f"{url}/v1/cluster")
    assert (status, body["stale"], body["admin"]) == (200, False, "locked")
    [seen] = body["nodes"]
    assert (seen["node_id"], seen["status"]["channels"]) == ("a", 2)
    assert seen["status"]["sample"] == []
    registry.membership.lose()
    assert (await ask(http, "GET", f"{url}/v1/cluster"))[1]["stale"] is True
    assert port.asked == 1


async def test_the_operator_sees_names(http: aiohttp.ClientSession, url: str) -> None:
    _, body = await ask(http, "GET", f"{url}/v1/cluster", TOKEN)
    assert body["admin"] == "granted"
    assert body["nodes"][0]["status"]["sample"] == [{"user": "alice", "device": "phone"}]
    _, body = await ask(http, "GET", f"{url}/v1/cluster", TOKEN + "x")
    assert (body["admin"], body["nodes"][0]["status"]["sample"]) == ("wrong", [])


async def test_the_operator_drains_a_node(
    http: aiohttp.ClientSession, url: str, port: NodePort
) -> None:
    status, body = await ask(http, "POST", f"{url}/v1/drain/a?within=7", TOKEN)
    assert (status, body["draining"]) == (202, True)
    await ask(http, "POST", f"{url}/v1/drain/a", TOKEN)
    assert port.drained == [7.0, DRAIN_WITHIN]


@pytest.mark.parametrize(
    ("path", "token", "status", "error"),
    [
        ("a", None, 401, "not_allowed"),
        ("a", "fedcba9876543210", 401, "not_allowed"),
        ("b", TOKEN, 404, "no_such_node"),
        ("a?within=soon", TOKEN, 400, "bad_parameter"),
        ("away", TOKEN, 502, "cannot_drain"),
    ],
)
async def test_what_cannot_be_drained_is_told(
    http: aiohttp.ClientSession,
    url: str,
    registry: HandRegistry,
    port: NodePort,
    path: str,
    token: str | None,
    status: int,
    error: str,
) -> None:
    registry.membership.show(port.record, with_admin(node("away"), free_port()))
    answered, body = await ask(http, "POST", f"{url}/v1/drain/{path}", token)
    assert (answered, body["error"]) == (status, error)
    assert port.drained == []


async def test_without_a_token_nobody_drains(
    http: aiohttp.ClientSession, registry: HandRegistry, port: NodePort
) -> None:
    service = BalancerService(dataclasses.replace(SETTINGS, admin_token=None), registry)
    url = f"http://127.0.0.1:{await service.start()}"
    await service.joined()
    status, body = await ask(http, "POST", f"{url}/v1/drain/a", TOKEN)
    assert (status, "--allow-admin" in body["reason"]) == (403, True)
    assert (await ask(http, "GET", f"{url}/v1/cluster", TOKEN))[1]["admin"] == "off"
    assert port.drained == []
    await service.stop()


async def test_a_page_of_somebody_else_may_not_send_the_token(
    http: aiohttp.ClientSession, url: str
) -> None:
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    async with http.options(f"{url}/v1/drain/a", headers=headers) as answer:
        assert answer.status == 405
        assert "Access-Control-Allow-Headers" not in answer.headers


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "3601"])
def test_a_time_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="within must be"):
        read_within(text)
