"""The watch over presence asks nodes that can know, and believes no answer that a fault spoilt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web

from scripts.chaos_lib.ghosts import Ghosts
from scripts.chaos_lib.node import Node
from scripts.chaos_lib.presence import PresenceWatch
from scripts.chaos_lib.scene import Scene
from scripts.chaos_lib.weather import Weather
from tests.scripts.chaos_world import described_scene
from tests.services import eventually


class AdminPort:
    """An admin port that says about everyone what it is told to."""

    def __init__(self) -> None:
        self.channels: dict[str, str] | None = {}
        self.asked = 0
        self.before_answer: Callable[[], None] = lambda: None

    async def answer(self, _request: web.Request) -> web.Response:
        """Answer like a node, or like one whose store is away."""
        self.asked += 1
        self.before_answer()
        if self.channels is None:
            return web.json_response({"error": "no store"}, status=503)
        return web.json_response({"online": bool(self.channels), "channels": self.channels})

    async def start(self) -> tuple[web.AppRunner, int]:
        """Listen; return what ends it, and the port."""
        app = web.Application()
        app.router.add_get("/v1/presence/{user}", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, runner.addresses[0][1]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    with described_scene(tmp_path) as made:
        yield made


@pytest.fixture
async def port(scene: Scene) -> AsyncIterator[AdminPort]:
    made = AdminPort()
    runner, number = await made.start()
    scene.nodes[0].health_port = number
    yield made
    await runner.cleanup()


class Watched:
    """A watch and what it works on."""

    def __init__(self, nodes: list[Node]) -> None:
        self.weather = Weather(len(nodes))
        self.ghosts = Ghosts(10.0)
        self.watch = PresenceWatch(nodes, self.weather, self.ghosts, time.monotonic)


@pytest.fixture
async def watched(scene: Scene, port: AdminPort) -> AsyncIterator[Watched]:
    made = Watched(scene.nodes)
    yield made
    await made.watch.close()


async def test_ghosts_are_found(scene: Scene, port: AdminPort, watched: Watched) -> None:
    watched.ghosts.died("n1", ["bob"], time.monotonic() - 3.0)
    assert not await watched.watch.ask(scene.nodes[0], ["bob"])
    port.channels = {"c1": "n1"}
    assert await watched.watch.ask(scene.nodes[0], ["bob"])
    assert watched.ghosts.longest.age >= 3.0


async def test_suspects_are_asked_about(port: AdminPort, watched: Watched) -> None:
    watched.ghosts.died("n1", ["bob"], time.monotonic())
    port.channels = {"c1": "n1"}
    running = asyncio.create_task(watched.watch.run())
    await eventually(lambda: watched.ghosts.longest.age > 0.0)
    running.cancel()
    await asyncio.wait([running])


async def test_a_clouded_node_is_not_asked(scene: Scene, port: AdminPort, watched: Watched) -> None:
    watched.weather.cloud(0)
    assert not await watched.watch.ask(scene.nodes[0], ["bob"])
    assert port.asked == 0


async def test_an_answer_during_which_clouds_came_does_not_count(
    scene: Scene, port: AdminPort, watched: Watched
) -> None:
    watched.ghosts.died("n1", ["bob"], 0.0)
    port.channels = {"c1": "n1"}
    port.before_answer = lambda: watched.weather.cloud(0)
    assert not await watched.watch.ask(scene.nodes[0], ["bob"])
    assert (port.asked, watched.ghosts.answers) == (1, 0)


async def test_no_answer_is_no_ghost(scene: Scene, port: AdminPort, watched: Watched) -> None:
    port.channels = None
    assert not await watched.watch.ask(scene.nodes[0], ["bob"])
    # Nobody listens at the other node's port.
    assert not await watched.watch.ask(scene.nodes[1], ["bob"])
    assert watched.ghosts.answers == 0
