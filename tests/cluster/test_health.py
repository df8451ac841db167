"""Tests of the health routes, asked over HTTP."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Gauge

from cluster.health import add_health_routes

Client = TestClient[web.Request, web.Application]


class Program:
    """What a program tells about itself."""

    def __init__(self) -> None:
        # What `/readyz` is to answer.
        self.is_ready = True

    def ready(self) -> tuple[bool, dict[str, object]]:
        """Return the readiness with some details."""
        return self.is_ready, {"nodes": 3, "age": None}


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
async def client(program: Program) -> AsyncIterator[Client]:
    metrics = CollectorRegistry()
    Gauge("answer", "The answer.", registry=metrics).set(42)
    app = web.Application()
    add_health_routes(app, ready=program.ready, metrics=metrics)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_healthz_says_that_the_process_answers(client: Client) -> None:
    async with client.get("/healthz") as response:
        assert response.status == 200
        assert await response.json() == {"healthy": True}


async def test_readyz_tells_details(client: Client) -> None:
    async with client.get("/readyz") as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.json() == {"ready": True, "nodes": 3, "age": None}


async def test_readyz_is_503_while_not_ready(client: Client, program: Program) -> None:
    program.is_ready = False
    async with client.get("/readyz") as response:
        assert response.status == 503
        assert await response.json() == {"ready": False, "nodes": 3, "age": None}


async def test_metrics_are_those_of_the_registry(client: Client) -> None:
    async with client.get("/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        assert "answer 42.0" in (await response.text()).splitlines()


async def test_nothing_but_get(client: Client) -> None:
    async with client.post("/readyz") as response:
        assert response.status == 405
