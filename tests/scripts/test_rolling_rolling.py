"""A node that does not come back ends the restarts, with a word about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scripts.rolling_lib.rolling import Rolling
from scripts.rolling_lib.stage import Stage
from tests.scripts.chaos_world import elsewhere
from tests.scripts.rolling_world import OPTIONS


async def test_it_stops_at_a_node_that_does_not_come_back(tmp_path: Path) -> None:
    with elsewhere() as services:
        stage = Stage(replace(OPTIONS, services=services), tmp_path)
        for node in stage.nodes:
            node.command.append("--nonsense")
        said: list[str] = []
        rolling = Rolling(stage, OPTIONS, said.append)
        await rolling.run()
    assert [restart.node for restart in rolling.restarts] == ["node-1"]
    assert rolling.restarts[0].gone < float("inf") == rolling.restarts[0].back
    [problem] = rolling.problems
    assert "node-1 isn't ready" in problem
    assert "node-1 is told to go; it has 0 clients" in said[0]
