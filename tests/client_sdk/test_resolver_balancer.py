"""The resolver that asks a balancer: its questions, its answers, and their absence."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from client_sdk.faults import Unreachable
from client_sdk.resolver_balancer import BalancerResolver
from cluster.snapshot_cache import SnapshotCache
from cluster.snapshot_codec import decode_nodes
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


async def test_while_it_is_silent_its_last_answer_serves_soon(
    stub: BalancerStub, resolver: BalancerResolver
) -> None:
    await resolver.candidates(5.0)
    stub.answering.clear()
    begun = time.monotonic()
    assert len(await resolver.candidates(60.0)) == 2
    assert time.monotonic() - begun < 20.0
    stub.answering.set()
    stub.records = [record("c")]
    assert [c.url for c in await resolver.candidates(5.0)] == ["ws://c:1/ws"]


def keeping(stub: BalancerStub, path: Path) -> BalancerResolver:
    cache = SnapshotCache(path, stub.url)
    return BalancerResolver(stub.url, policy="round_robin", user="bob", cache=cache)


async def test_the_last_answer_of_an_earlier_run_serves(stub: BalancerStub, tmp_path: Path) -> None:
    stub.age = 1000.0
    resolver = keeping(stub, tmp_path / "cache")
    before = await resolver.candidates(5.0)
    await resolver.close()
    saved = decode_nodes((tmp_path / "cache").read_bytes(), stub.url)
    assert time.time() - saved.confirmed == pytest.approx(1000.0, abs=60.0)

    await stub.stop()
    resolver = keeping(stub, tmp_path / "cache")
    assert await resolver.candidates(5.0) == before
    await resolver.close()
    assert decode_nodes((tmp_path / "cache").read_bytes(), stub.url) == saved


async def test_a_cache_is_not_preferred_to_an_answer(stub: BalancerStub, tmp_path: Path) -> None:
    resolver = keeping(stub, tmp_path / "cache")
    await resolver.candidates(5.0)
    await resolver.close()
    stub.records = [record("c")]
    resolver = keeping(stub, tmp_path / "cache")
    assert [c.url for c in await resolver.candidates(5.0)] == ["ws://c:1/ws"]
    await resolver.close()


async def test_a_balancer_without_nodes_leaves_the_last_answer(
    stub: BalancerStub, tmp_path: Path
) -> None:
    resolver = keeping(stub, tmp_path / "cache")
    await resolver.candidates(5.0)
    await resolver.close()
    resolver = keeping(stub, tmp_path / "cache")
    stub.answer = web.Response(status=503, headers={"Retry-After": "1"}, text="no nodes")
    assert len(await resolver.candidates(5.0)) == 2
    await resolver.close()
