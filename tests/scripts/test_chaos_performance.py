"""A performance does each fault at its time, heals it, and stops early when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.chaos_lib.faults import Fault, Kind
from scripts.chaos_lib.performance import Performance
from scripts.chaos_lib.scene import Scene
from scripts.stack.instance import HOST
from scripts.stack.probe import listens
from tests.scripts.chaos_world import described_scene
from tests.services import eventually
from tests.services.stalls import quicker_than


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with described_scene(tmp_path) as made:
        yield made


def front_listens(scene: Scene, node: int) -> bool:
    return listens(HOST, scene.nodes[node].front.port)


async def test_faults_begin_and_end(scene: Scene) -> None:
    said: list[str] = []
    fault = Fault(0.2, Kind.CUT_NODE_CLIENTS, 1, 2.0)
    performance = Performance(scene, [fault], asyncio.Event(), said.append)
    scene.clock.restart()
    running = asyncio.create_task(performance.run())
    await eventually(lambda: performance.going_on == [fault])
    await eventually(lambda: not front_listens(scene, 1))
    assert front_listens(scene, 0)
    await running
    assert front_listens(scene, 1)
    [performed] = performance.performed
    assert performed.began >= 0.2
    assert performed.ended is not None
    assert performed.ended >= performed.began + 2.0
    assert performance.left_out == performance.going_on == []
    assert scene.problems == []
    assert len(said) == 2


async def test_clouds_go_with_the_fault(scene: Scene) -> None:
    fault = Fault(0.0, Kind.CUT_NODE_REDIS, 0, 2.0)
    running = asyncio.create_task(Performance(scene, [fault], asyncio.Event(), print).run())
    await eventually(lambda: scene.weather.clear_since(0) is None)
    assert scene.weather.clear_since(1) == 0.0
    await running
    clear = scene.weather.clear_since(0)
    assert clear is not None
    assert clear > 0.0


async def test_one_target_has_one_fault_at_a_time(scene: Scene) -> None:
    faults = [Fault(at, Kind.CUT_NODE_CLIENTS, 0, 0.2) for at in (0.0, 0.05)]
    performance = Performance(scene, faults, asyncio.Event(), print)
    await performance.run()
    first, second = performance.performed
    assert first.ended is not None
    assert second.began >= first.ended


async def test_when_it_is_over_all_is_healed_and_nothing_begins(scene: Scene) -> None:
    faults = [Fault(0.0, Kind.SILENCE_NODE_CLIENTS, 0, 60.0), Fault(50.0, Kind.LEAVE, None, 5.0)]
    over = asyncio.Event()
    performance = Performance(scene, faults, over, print)
    running = asyncio.create_task(performance.run())
    await eventually(lambda: performance.going_on == faults[:1])
    over.set()
    async with quicker_than(5):
        await running
    assert performance.left_out == faults[1:]
    assert performance.going_on == []


async def test_what_does_not_come_back_is_a_problem(scene: Scene) -> None:
    # Its log can't be written, so it can't be started again.
    scene.balancer.log = Path("/nonexistent/log")
    fault = Fault(0.0, Kind.KILL_BALANCER, None, 0.1)
    performance = Performance(scene, [fault], asyncio.Event(), print)
    await performance.run()
    [problem] = scene.problems
    assert problem.startswith("kill-balancer at 0.")
    assert performance.going_on == []
