"""The port for operators tells what it is told."""

from __future__ import annotations

import socket

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Gauge

from balancer.admin_port import AdminPort


async def test_it_tells_health_readiness_and_numbers() -> None:
    metrics = CollectorRegistry()
    Gauge("im_nodes", "Nodes.", registry=metrics).set(3)
    ready = [False]
    port = AdminPort("127.0.0.1", 0, ready=lambda: (ready[0], {"nodes": 3}), metrics=metrics)
    url = f"http://127.0.0.1:{await port.start()}"
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{url}/healthz") as answer:
            assert answer.status == 200
        async with http.get(f"{url}/readyz") as answer:
            assert answer.status == 503
        ready[0] = True
        async with http.get(f"{url}/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ready": True, "nodes": 3})
        async with http.get(f"{url}/metrics") as answer:
            assert "im_nodes 3.0" in await answer.text()
    await port.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))


async def test_a_port_in_use_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        port = AdminPort("127.0.0.1", number, ready=lambda: (True, {}), metrics=CollectorRegistry())
        with pytest.raises(OSError, match="in use"):
            await port.start()
        await port.stop()
