"""Tests of the HTTP interface, through a real client."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from balancer.api import Api, tell_errors
from balancer.client_address import parse_network
from balancer.failures import FailureMemory
from balancer.feed import Feed
from balancer.ip_hash import IpHash
from balancer.metrics import Metrics
from balancer.pickers import Pickers
from balancer.policy import POLICIES
from balancer.round_robin import RoundRobin
from balancer.settings import BalancerSettings
from tests.balancer.nodes import node, nodes, pick
from tests.balancer.registries import HandRegistry
from tests.services import eventually

Client = TestClient[web.Request, web.Application]

policies = pytest.mark.parametrize("policy", POLICIES)


@pytest.fixture
async def registry() -> HandRegistry:
    registry = HandRegistry()
    registry.membership.show(*nodes(1, 1, 1))
    return registry


@pytest.fixture
def failures() -> FailureMemory:
    return FailureMemory(lambda: 0.0)


@pytest.fixture
def pickers(failures: FailureMemory) -> Pickers:
    return Pickers("", failures)


@pytest.fixture
async def metrics(feed: Feed, failures: FailureMemory) -> Metrics:
    return Metrics(feed, failures)


@pytest.fixture
async def feed(registry: HandRegistry) -> Feed:
    feed = Feed(registry, wait=None)
    await feed.join()
    return feed


@pytest.fixture
async def client(feed: Feed, pickers: Pickers, metrics: Metrics) -> AsyncIterator[Client]:
    settings = BalancerSettings(trusted_proxies=(parse_network("127.0.0.0/8"),))
    app = web.Application()
    Api(settings, feed, pickers, metrics).add_routes(app)
    async with TestClient(TestServer(app)) as client:
        yield client


async def get(client: Client, path: str, **headers: str) -> dict[str, object]:
    """Return the answer to a request that succeeds."""
    async with client.get(path, headers=headers) as response:
        assert response.status == 200, await response.text()
        answer = await response.json()
        assert isinstance(answer, dict)
        return answer


@policies
async def test_names_a_node_and_further_candidates(client: Client, policy: str) -> None:
    answer = await get(client, f"/v1/node?policy={policy}")
    candidates = answer["candidates"]
    assert isinstance(candidates, list)
    assert answer["url"] == f"ws://{answer['node_id']}.example:7177/ws"
    named = [answer["node_id"], *(candidate["node_id"] for candidate in candidates)]
    assert sorted(named) == ["a", "b", "c"]
    assert (answer["version"], answer["stale"]) == (1, False)
    assert isinstance(answer["age"], float)


async def test_three_hundred_picks_give_each_of_three_a_hundred(
    client: Client, metrics: Metrics
) -> None:
    answers = await asyncio.gather(*(get(client, "/v1/node") for _ in range(300)))
    assert Counter(answer["node_id"] for answer in answers) == dict.fromkeys("abc", 100)
    labels = {"policy": "round_robin"}
    assert metrics.registry.get_sample_value("im_balancer_picks_total", labels) == 300
    assert metrics.registry.get_sample_value("im_balancer_pick_seconds_count") == 300


@pytest.mark.parametrize(("count", "named"), [("0", 0), ("1", 1), ("100", 2)])
async def test_count_bounds_the_further_candidates(client: Client, count: str, named: int) -> None:
    answer = await get(client, f"/v1/node?count={count}")
    assert isinstance(answer["candidates"], list)
    assert len(answer["candidates"]) == named


async def test_ip_hash_goes_by_the_address_that_a_trusted_proxy_saw(client: Client) -> None:
    policy = IpHash(RoundRobin(lambda: 0.0))
    for address in ("203.0.113.9", "198.51.100.7", "192.0.2.1", "2001:db8::1"):
        headers = {"X-Forwarded-For": f"6.6.6.6, {address}"}
        answer = await get(client, "/v1/node?policy=ip_hash", **headers)
        assert answer["node_id"] == pick(policy, nodes(1, 1, 1), address)


async def test_consistent_hash_goes_by_the_user_wherever_he_is(client: Client) -> None:
    def ask(user: str, address: str) -> asyncio.Task[dict[str, object]]:
        path = f"/v1/node?policy=consistent_hash&user={user}"
        return asyncio.create_task(get(client, path, **{"X-Forwarded-For": address}))

    for user in ("alice", "bob", "carol"):
        answers = [await ask(user, f"203.0.{i}.1") for i in range(5)]
        assert len({answer["node_id"] for answer in answers}) == 1
    assert len({(await ask(f"user{i}", "203.0.113.1"))["node_id"] for i in range(30)}) == 3


async def test_consistent_hash_without_a_user_goes_by_the_address(client: Client) -> None:
    path = "/v1/node?policy=consistent_hash"
    for _ in range(3):
        answers = [await get(client, path, **{"X-Forwarded-For": "203.0.113.1"}) for _ in range(2)]
        assert answers[0]["node_id"] == answers[1]["node_id"]


async def test_prefers_the_zone_asked_for(client: Client, registry: HandRegistry) -> None:
    registry.membership.show(node("a", zone="east"), node("b", zone="west"))
    for _ in range(3):
        assert (await get(client, "/v1/node?zone=west"))["node_id"] == "b"


async def test_without_nodes_says_so_and_when_to_ask_again(
    client: Client, registry: HandRegistry, metrics: Metrics
) -> None:
    registry.membership.show()
    async with client.get("/v1/node") as response:
        assert response.status == 503
        assert response.headers["Retry-After"] == "1"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        answer = await response.json()
    assert answer["error"] == "no_nodes"
    assert "start one with 'server start'" in answer["reason"]
    assert metrics.registry.get_sample_value("im_balancer_unanswered_total") == 1


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/node?policy=fastest", "policy"),
        ("/v1/node?count=many", "count"),
        ("/v1/node?user=", "user"),
        ("/v1/nodes?version=x", "version"),
        ("/v1/nodes?version=1&wait=-3", "wait"),
    ],
)
async def test_a_bad_parameter_is_named(client: Client, path: str, parameter: str) -> None:
    async with client.get(path) as response:
        assert response.status == 400
        answer = await response.json()
    assert answer["parameter"] == parameter
    assert answer["error"] == "bad_parameter"
    assert answer["reason"].startswith(f"{parameter} must")


async def test_shows_all_nodes(client: Client, registry: HandRegistry) -> None:
    registry.membership.show(node("a"), node("b", draining=True, load=7))
    answer = await get(client, "/v1/nodes")
    assert isinstance(answer["nodes"], list)
    assert [(n["node_id"], n["state"], n["load"]) for n in answer["nodes"]] == [
        ("a", "up", 0),
        ("b", "draining", 7),
    ]
    assert (answer["version"], answer["stale"]) == (2, False)


async def test_a_stale_list_still_serves(client: Client, registry: HandRegistry) -> None:
    registry.membership.lose()
    assert (await get(client, "/v1/node"))["stale"] is True
    assert (await get(client, "/v1/nodes"))["stale"] is True


async def test_a_long_poll_returns_when_the_list_changes(
    client: Client, registry: HandRegistry, metrics: Metrics
) -> None:
    def waiting() -> float | None:
        return metrics.registry.get_sample_value("im_balancer_waiting")

    polls = [asyncio.create_task(get(client, "/v1/nodes?version=1&wait=30")) for _ in range(2)]
    await eventually(lambda: waiting() == 2)
    registry.membership.show(node("d"))
    for answer in await asyncio.gather(*polls):
        assert answer["version"] == 2
    assert waiting() == 0


async def test_a_long_poll_returns_after_its_wait(client: Client) -> None:
    assert (await get(client, "/v1/nodes?version=1&wait=0.05"))["version"] == 1
    assert (await get(client, "/v1/nodes?version=1"))["version"] == 1


async def test_browsers_may_ask_from_anywhere(client: Client) -> None:
    for path in ("/v1/node", "/v1/nodes", "/v1/node?policy=x", "/v1/nope"):
        async with client.get(path, headers={"Origin": "https://example.com"}) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert response.headers["Cache-Control"] == "no-store"


async def test_the_root_tells_what_this_is(client: Client) -> None:
    async with client.get("/") as response:
        text = await response.text()
    for path in ("/v1/node", "/v1/nodes", "/healthz", "/readyz", "/metrics"):
        assert path in text
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/nope", 404, "not_found"),
        ("POST", "/v1/node", 405, "method_not_allowed"),
        ("HEAD", "/v1/node", 405, None),
    ],
)
async def test_what_there_is_not(
    client: Client, metrics: Metrics, method: str, path: str, status: int, error: str | None
) -> None:
    async with client.request(method, path) as response:
        assert response.status == status
        if error is not None:
            assert (await response.json())["error"] == error
    labels = {"path": "other", "status": str(status)}
    assert metrics.registry.get_sample_value("im_balancer_requests_total", labels) == 1


async def test_a_fault_in_one_request_is_told_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(_request: web.Request) -> web.Response:
        raise ZeroDivisionError

    app = web.Application(middlewares=[tell_errors])
    app.router.add_get("/fail", fail)
    async with TestClient(TestServer(app)) as client:
        for _ in range(2):
            async with client.get("/fail") as response:
                assert response.status == 500
                assert (await response.json())["error"] == "internal"
    assert "could not answer GET /fail" in caplog.text


async def test_is_ready_once_the_list_was_confirmed(pickers: Pickers, metrics: Metrics) -> None:
    registry = HandRegistry()
    feed = Feed(registry, wait=None)
    api = Api(BalancerSettings(), feed, pickers, metrics)
    is_ready, details = api.ready()
    assert not is_ready
    assert details["reason"] == "the registry has not answered yet: is ZooKeeper running?"

    await feed.join()
    registry.membership.show(*nodes(1, 1))
    is_ready, details = api.ready()
    assert is_ready
    assert "degraded" not in details
    assert details["nodes"] == 2

    registry.membership.lose()
    is_ready, details = api.ready()
    assert is_ready
    assert details["stale"] is True
    assert "cannot confirm" in str(details["degraded"])
