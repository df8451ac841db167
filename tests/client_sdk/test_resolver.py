"""What every resolver promises, held against each kind."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from balancer.picker import Picker
from client_sdk.resolver import Candidate, Resolver, as_candidates, each_url_once
from client_sdk.resolver_balancer import BalancerResolver
from client_sdk.resolver_static import StaticResolver
from client_sdk.resolver_zookeeper import ZookeeperResolver
from cluster.registry_memory import MemoryNodes, MemoryRegistry
from tests.client_sdk.balancer_stub import BalancerStub, record

NAMES = ("a", "b", "c")


@pytest.fixture(params=["static", "zookeeper", "balancer"])
async def resolver(request: pytest.FixtureRequest) -> AsyncIterator[Resolver]:
    picker = Picker("round_robin")
    nodes = MemoryNodes()
    stub = await BalancerStub([record(name) for name in NAMES]).start()
    owner = MemoryRegistry(nodes)
    await owner.connect(1.0)
    for name in NAMES:
        await owner.register(record(name))
    made: dict[str, Resolver] = {
        "static": StaticResolver([record(name).url for name in NAMES], picker, None),
        "zookeeper": ZookeeperResolver(MemoryRegistry(nodes), picker, None),
        "balancer": BalancerResolver(stub.url, policy="round_robin", user="bob"),
    }
    yield made[request.param]
    for each in made.values():
        await each.close()
        await each.close()
    await owner.close()
    await stub.stop()


def urls(candidates: list[Candidate]) -> list[str]:
    return [candidate.url for candidate in candidates]


async def test_every_node_once(resolver: Resolver) -> None:
    assert sorted(urls(await resolver.candidates(5.0))) == [record(name).url for name in NAMES]


async def test_what_failed_comes_last_until_it_succeeds(resolver: Resolver) -> None:
    await resolver.candidates(5.0)
    failing = record("b").url
    resolver.failed(failing)
    for _ in range(3):
        assert urls(await resolver.candidates(5.0))[-1] == failing
    resolver.succeeded(failing)
    # Five rounds: it does not come last in every one of them, whatever the policy's turn.
    lasts = {urls(await resolver.candidates(5.0))[-1] for _ in range(5)}
    assert lasts != {failing}


async def test_unknown_urls_are_no_trouble(resolver: Resolver) -> None:
    resolver.failed("ws://unknown/ws")
    resolver.succeeded("ws://unknown/ws")
    assert len(await resolver.candidates(5.0)) == 3


def test_of_records_with_one_url_the_first_is_the_candidate() -> None:
    a, b, c = map(record, NAMES)
    shared = msgspec.structs.replace(c, url=a.url)
    assert each_url_once((a, b, shared)) == (a, b)
    assert as_candidates((shared, b, a)) == [
        Candidate(a.url, c.node_id),
        Candidate(b.url, b.node_id),
    ]
