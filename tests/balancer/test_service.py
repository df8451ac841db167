"""Tests of the service as a whole, over a real port."""

import asyncio
import dataclasses
import socket
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from balancer import service as service_module
from balancer.service import BalancerService
from balancer.settings import BalancerSettings
from cluster.errors import ServiceUnavailable
from cluster.registry_memory import MemoryNodes, MemoryRegistry
from tests.balancer.nodes import node
from tests.balancer.registries import HandRegistry
from tests.services import eventually, free_port
from tests.services.stalls import quicker_than

# Without probes: nothing listens at the addresses of these nodes.
LOCAL = BalancerSettings(host="127.0.0.1", port=0, probe=0)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def ask(http: aiohttp.ClientSession, port: int, path: str) -> tuple[int, dict[str, object]]:
    """Return the status and the JSON of an answer."""
    async with http.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.json()


async def test_answers_from_a_registry_in_memory(http: aiohttp.ClientSession) -> None:
    entries = MemoryNodes()
    nodes = MemoryRegistry(entries)
    await nodes.connect(None)
    service = BalancerService(LOCAL, MemoryRegistry(entries))
    port = await service.start()
    await service.joined()
    assert (await ask(http, port, "/v1/node"))[0] == 503

    record = msgspec.structs.replace(node("a"), node_id=str(uuid.uuid4()))
    registration = await nodes.register(record)
    status, answer = await ask(http, port, "/v1/nodes?version=1&wait=10")
    assert (status, answer["version"]) == (200, 2)
    assert (await ask(http, port, "/v1/node"))[1]["node_id"] == record.node_id

    await registration.remove()
    assert (await ask(http, port, "/v1/nodes?version=2&wait=10"))[1]["nodes"] == []
    await service.stop()
    await nodes.close()


async def test_listens_at_once_and_says_why_it_is_not_ready(http: aiohttp.ClientSession) -> None:
    registry = HandRegistry(reachable=False)
    service = BalancerService(LOCAL, registry)
    port = await service.start()
    status, answer = await ask(http, port, "/readyz")
    assert status == 503
    assert "has not answered yet" in str(answer["reason"])
    status, answer = await ask(http, port, "/v1/node")
    assert (status, answer["error"]) == (503, "no_nodes")
    assert (await ask(http, port, "/healthz"))[0] == 200

    registry.let()
    await service.joined()
    registry.membership.show(node("a"))
    assert (await ask(http, port, "/readyz"))[0] == 200
    async with http.get(f"http://127.0.0.1:{port}/metrics") as response:
        assert "im_balancer_nodes 1.0" in await response.text()
    await service.stop()


async def test_with_a_cache_it_answers_before_the_registry_does(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    settings = dataclasses.replace(LOCAL, cache=tmp_path / "cache")
    first = HandRegistry()
    service = BalancerService(settings, first)
    await service.start()
    await service.joined()
    first.membership.show(node("a"), node("b"))
    await service.stop()

    second = HandRegistry(reachable=False)
    service = BalancerService(settings, second)
    port = await service.start()
    status, answer = await ask(http, port, "/v1/node")
    assert (status, answer["stale"]) == (200, True)
    assert 0 <= float(str(answer["age"])) < 60
    known = (await ask(http, port, "/v1/nodes"))[1]
    status, answer = await ask(http, port, "/readyz")
    assert (status, answer["ready"], answer["stale"]) == (200, True, True)
    assert "last one known" in str(answer["degraded"])

    second.let()
    await service.joined()
    second.membership.show(node("b"))
    status, answer = await ask(http, port, f"/v1/nodes?version={known['version']}&wait=10")
    assert (answer["stale"], len(list(answer["nodes"]))) == (False, 1)  # type: ignore[call-overload]
    assert "degraded" not in (await ask(http, port, "/readyz"))[1]
    await service.stop()


async def test_the_cache_of_another_cluster_is_none(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    ours, theirs = (
        dataclasses.replace(LOCAL, cache=tmp_path / "cache", cluster=name)
        for name in ("ours", "theirs")
    )
    registry = HandRegistry()
    service = BalancerService(theirs, registry)
    await service.start()
    await service.joined()
    registry.membership.show(node("a"))
    await service.stop()
    service = BalancerService(ours, HandRegistry(reachable=False))
    port = await service.start()
    assert (await ask(http, port, "/v1/node"))[0] == 503
    await service.stop()


async def test_a_node_that_died_is_avoided_before_the_registry_notices(
    http: aiohttp.ClientSession,
) -> None:
    registry = HandRegistry()
    service = BalancerService(BalancerSettings(host="127.0.0.1", port=0, probe=0.02), registry)
    port = await service.start()
    await service.joined()
    # The balancer itself is somebody who listens.
    registry.membership.show(node("up", port=port), node("dead", port=free_port()))

    async def avoided() -> bool:
        answers = [await ask(http, port, "/v1/node") for _ in range(4)]
        return {answer["node_id"] for _, answer in answers} == {"up"}

    await eventually(avoided)
    await service.stop()


async def test_joined_raises_when_the_registry_stays_away() -> None:
    registry = HandRegistry(reachable=False)
    settings = BalancerSettings(host="127.0.0.1", port=0, probe=0, wait=0.05)
    service = BalancerService(settings, registry)
    await service.start()
    with pytest.raises(ServiceUnavailable):
        await service.joined()
    await service.stop()
    assert registry.closed


async def test_stopping_ends_long_polls_and_closes_the_registry(
    http: aiohttp.ClientSession,
) -> None:
    registry = HandRegistry()
    service = BalancerService(LOCAL, registry)
    port = await service.start()
    await service.joined()
    registry.membership.show(node("a"))
    poll = asyncio.create_task(ask(http, port, "/v1/nodes?version=1&wait=60"))

    async def waits() -> bool:
        async with http.get(f"http://127.0.0.1:{port}/metrics") as response:
            return "im_balancer_waiting 1.0" in await response.text()

    await eventually(waits)
    async with quicker_than(5):
        await service.stop()
        assert (await poll)[1]["version"] == 1
    assert registry.closed


async def test_a_client_that_goes_ends_its_long_poll(http: aiohttp.ClientSession) -> None:
    registry = HandRegistry()
    service = BalancerService(LOCAL, registry)
    port = await service.start()
    await service.joined()
    registry.membership.show(node("a"))

    async def waiting(count: int) -> bool:
        async with http.get(f"http://127.0.0.1:{port}/metrics") as response:
            return f"im_balancer_waiting {count}.0" in await response.text()

    poll = asyncio.create_task(ask(http, port, "/v1/nodes?version=1&wait=60"))
    await eventually(lambda: waiting(1))
    poll.cancel()
    await eventually(lambda: waiting(0))
    await service.stop()


@pytest.mark.parametrize(
    "said", [b"", b"GET /v1/no", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /"]
)
async def test_who_does_not_finish_asking_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(service_module, "_IDLE", 0.2)
    service = BalancerService(LOCAL, HandRegistry())
    reader, writer = await asyncio.open_connection("127.0.0.1", await service.start())
    writer.write(said)
    answer = await asyncio.wait_for(reader.read(-1), 20)
    assert answer.startswith(b"HTTP/1.1 200 " if b"\r\n\r\n" in said else b"")
    writer.close()
    await service.stop()


async def test_a_port_in_use_is_an_error_and_leaves_nothing_behind() -> None:
    registry = HandRegistry()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = BalancerSettings(host="127.0.0.1", port=taken.getsockname()[1])
        service = BalancerService(settings, registry)
        with pytest.raises(OSError, match="in use"):
            await service.start()
        await service.stop()
    assert registry.closed


async def test_cannot_be_joined_before_it_is_started() -> None:
    with pytest.raises(RuntimeError, match="start the service first"):
        await BalancerService(LOCAL, HandRegistry()).joined()
