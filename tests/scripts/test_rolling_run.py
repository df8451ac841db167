"""A run that can't begin says why, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.rolling_lib.run import Run
from scripts.stack.errors import StackError
from scripts.trial_lib.display import LineDisplay
from tests.scripts.chaos_world import elsewhere
from tests.scripts.rolling_world import OPTIONS


async def test_what_cannot_begin_leaves_nothing_behind(tmp_path: Path) -> None:
    with elsewhere() as services:
        run = Run(replace(OPTIONS, services=services), tmp_path, LineDisplay())
        programs = [*run.stage.nodes, run.stage.balancer]
        for program in programs:
            program.command.append("--nonsense")
        with pytest.raises(StackError, match=r"node-\d isn't ready"):
            await run.execute()
    assert not any(program.runs() for program in programs)


async def test_a_run_can_be_given_up(tmp_path: Path) -> None:
    with elsewhere() as services:
        run = Run(replace(OPTIONS, services=services), tmp_path, LineDisplay())
        executing = asyncio.create_task(run.execute())
        await asyncio.sleep(0)
        executing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await executing
    assert not any(node.runs() for node in run.stage.nodes)
