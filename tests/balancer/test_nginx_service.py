"""`balancer nginx` as a service, on a registry led by hand."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import aiohttp
import pytest

from balancer.nginx_follower import Outcome
from balancer.nginx_service import NginxService
from balancer.nginx_settings import NginxSettings
from cluster.errors import ServiceUnavailable
from scripts.stack.ports import free_port
from tests.balancer.nodes import node
from tests.balancer.registries import HandRegistry
from tests.services import eventually


def settings(folder: Path, **more: object) -> NginxSettings:
    return NginxSettings(out=folder / "im.conf", test="", **more)  # type: ignore[arg-type]


async def test_it_follows_until_it_is_stopped(tmp_path: Path) -> None:
    registry = HandRegistry(reachable=False)
    port = free_port()
    service = NginxService(settings(tmp_path, admin_port=port), registry)
    await service.start()
    file = tmp_path / "im.conf"
    async with aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 503
        registry.let()
        await service.joined()
        registry.membership.show(node("a"))
        await eventually(lambda: file.exists() and "a.example" in file.read_text())
        registry.membership.show(node("b"))
        await eventually(lambda: "b.example" in file.read_text())

        async def counted() -> bool:
            async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
                return "im_nginx_writes_total 2.0" in await answer.text()

        # A write is counted once the thread that wrote has come back.
        await eventually(counted)
    await service.stop()
    assert registry.closed
    registry.membership.show(node("c"))
    assert "c.example" not in file.read_text()


async def test_a_node_that_takes_no_connections_is_down_until_it_does(tmp_path: Path) -> None:
    registry = HandRegistry()
    file = tmp_path / "im.conf"
    alive, dead = free_port(), free_port()
    registry.membership.show(node("a", port=alive), node("b", port=dead))
    async with await listening(alive):
        service = NginxService(settings(tmp_path, probe=0.05), registry)
        await service.start()
        await eventually(lambda: file.exists() and f"{dead} down;" in file.read_text())
        assert f"{alive};" in file.read_text()
        async with await listening(dead):
            await eventually(lambda: "down" not in file.read_text())
        await service.stop()


async def listening(port: int) -> asyncio.Server:
    """Take connections on a port, and let go of each."""
    return await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)


async def test_once(tmp_path: Path) -> None:
    registry = HandRegistry()
    registry.membership.show(node("a"))
    service = NginxService(settings(tmp_path, once=True), registry)
    assert await service.once() is Outcome.IN_STEP
    assert "a.example" in (tmp_path / "im.conf").read_text()
    await service.stop()


async def test_once_finishes_what_it_has_begun(tmp_path: Path) -> None:
    registry = HandRegistry()
    registry.membership.show(node("a"))
    begun, done = tmp_path / "begun", tmp_path / "done"
    check = f"touch {begun}; sleep 0.3; touch {done}; false"
    service = NginxService(NginxSettings(out=tmp_path / "im.conf", test=check, once=True), registry)
    once = asyncio.create_task(service.once())
    await eventually(begun.exists)
    once.cancel()
    await service.stop()
    assert done.exists()
    assert not (tmp_path / "im.conf").exists(), "it was refused"


async def test_once_without_a_confirmed_list(tmp_path: Path) -> None:
    registry = HandRegistry()
    registry.membership.show(node("a"))
    registry.membership.lose()
    service = NginxService(settings(tmp_path, once=True, wait=0.1), registry)
    assert await service.once() is Outcome.STALE
    assert not os.listdir(tmp_path)
    await service.stop()


async def test_once_without_a_registry(tmp_path: Path) -> None:
    service = NginxService(settings(tmp_path, once=True, wait=0.1), HandRegistry(reachable=False))
    with pytest.raises(ServiceUnavailable):
        await service.once()
    await service.stop()


async def test_a_registry_that_was_not_reached_in_time_is_told(tmp_path: Path) -> None:
    service = NginxService(settings(tmp_path, wait=0.1), HandRegistry(reachable=False))
    await service.start()
    with pytest.raises(ServiceUnavailable):
        await service.joined()
    await service.stop()
