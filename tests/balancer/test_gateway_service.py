"""The gateway as a service, on a registry led by hand."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from balancer.gateway_service import GatewayService
from balancer.gateway_settings import GatewaySettings
from cluster.errors import ServiceUnavailable
from scripts.stack.ports import free_port
from tests.balancer.nodes import node
from tests.balancer.registries import HandRegistry


def settings(**more: object) -> GatewaySettings:
    return GatewaySettings(host="127.0.0.1", port=0, **more)  # type: ignore[arg-type]


async def test_it_is_ready_as_soon_as_there_are_nodes() -> None:
    registry = HandRegistry(reachable=False)
    port = free_port()
    service = GatewayService(settings(admin_port=port), registry)
    await service.start()
    url = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as http:

        async def told() -> object:
            async with http.get(f"{url}/readyz") as answer:
                body = await answer.json()
                return body.get("reason", body["ready"])

        assert await told() == "the registry has not answered yet"
        registry.let()
        await service.joined()
        registry.membership.show()
        assert await told() == "no node is registered"
        registry.membership.show(node("a"))
        assert await told() is True
        registry.membership.lose()
        assert await told() is True, "a stale list serves as well as any"
        async with http.get(f"{url}/metrics") as answer:
            assert "im_gateway_snapshot_stale 1.0" in await answer.text()
    await service.stop(0.0)
    assert registry.closed
    assert service.ready()[1]["reason"] == "it is stopping"


async def test_the_last_list_serves_the_next_start(tmp_path: Path) -> None:
    cache = tmp_path / "nodes.json"
    registry = HandRegistry()
    first = GatewayService(settings(cache=cache), registry)
    await first.start()
    await first.joined()
    registry.membership.show(node("a"))
    await first.stop(0.0)
    second = GatewayService(settings(cache=cache), HandRegistry(reachable=False))
    await second.start()
    assert second.ready()[0]
    await second.stop(0.0)


async def test_a_registry_that_was_not_reached_in_time_is_told() -> None:
    service = GatewayService(settings(wait=0.1), HandRegistry(reachable=False))
    await service.start()
    with pytest.raises(ServiceUnavailable):
        await service.joined()
    await service.stop(0.0)
