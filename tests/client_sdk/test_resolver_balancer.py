"""The resolver that asks a balancer: its questions, its answers, and their absence."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from client_sdk.faults import Unreachable
from client_sdk.resolver_balancer import BalancerResolver
from tests.client_sdk.balancer_stub import BalancerStub, record


@pytest.fixture
async def stub() -> AsyncIterator[BalancerStub]:
    stub = await BalancerStub([record("a"), record("b")]).start()
    yield stub
    await stub.stop()


@pytest.fixture
async def resolver(stub: BalancerStub) -> AsyncIterator[BalancerResolver]:
    resolver = BalancerResolver(stub.url + "/", policy="ip_hash", user="bob", zone="z")
    yield resolver
    await resolver.close()


async def test_asks_with_policy_user_and_zone(
    stub: BalancerStub, resolver: BalancerResolver
) -> None:
    candidates = await resolver.candidates(5.0)
    assert [(c.url, c.node_id) for c in candidates] == [
        (each.url, each.node_id) for each in (record("a"), record("b"))
    ]
    assert stub.queries == [{"policy": "ip_hash", "user": "bob", "zone": "z"}]


async def test_a_node_named_twice_keeps_its_first_place(
    stub: BalancerStub, resolver: BalancerResolver
) -> None:
    stub.records = [record(name) for name in ("a", "b", "a")]
    assert [c.url for c in await resolver.candidates(5.0)] == ["ws://a:1/ws", "ws://b:1/ws"]


async def test_a_refusal_carries_its_reason_and_its_wait(
    stub: BalancerStub, resolver: BalancerResolver
) -> None:
    stub.answer = web.Response(status=503, headers={"Retry-After": "7"}, text="no nodes")
    with pytest.raises(Unreachable, match="HTTP 503 no nodes") as caught:
        await resolver.candidates(5.0)
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("body", ["", "[]", '{"url":1}', "<html>", '{"node_id":"a"}'])
async def test_rubbish_is_refused(
    stub: BalancerStub, resolver: BalancerResolver, body: str
) -> None:
    stub.answer = web.Response(text=body)
    with pytest.raises(Unreachable, match="not the answer of a balancer"):
        await resolver.candidates(5.0)


async def test_while_it_is_away_its_last_answer_serves(
    stub: BalancerStub, resolver: BalancerResolver
) -> None:
    await resolver.candidates(5.0)
    await stub.stop()
    assert [c.url for c in await resolver.candidates(5.0)] == ["ws://a:1/ws", "ws://b:1/ws"]


async def test_away_from_the_beginning() -> None:
    stub = await BalancerStub([record("a")]).start()
    await stub.stop()
    resolver = BalancerResolver(stub.url, policy="round_robin", user="bob")
    with pytest.raises(Unreachable, match=f"balancer {stub.url}/v1/node: "):
        await resolver.candidates(5.0)
    await resolver.close()
