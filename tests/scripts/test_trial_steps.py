"""The steps of a trial end, whether what they wait for comes or not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import redis

from scripts.stack.errors import StackError
from scripts.stack.ports import free_port
from scripts.trial_lib.crowd import Crowd
from scripts.trial_lib.program import Program
from scripts.trial_lib.steps import clean_up, let_arrive, settle, start_programs
from scripts.trial_lib.target import Target
from scripts.trial_lib.user import Route
from tests.scripts.chaos_world import embedded_node


def crowd_at(url: str) -> Crowd:
    routes = [Route(url, "round_robin")]
    return Crowd(routes, 2, time.monotonic, delivered=lambda *_: None, noticed=lambda *_: None)


async def test_a_program_that_ends_stops_the_trial(tmp_path: Path) -> None:
    wrong = Program("wrong", tmp_path, free_port(), ["server", "start", "--nonsense"])
    with pytest.raises(StackError, match="wrong isn't ready"):
        await start_programs([wrong])


async def test_what_is_missing_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    async with embedded_node() as url:
        crowd = crowd_at(url)
        await let_arrive(crowd, tmp_path)
        assert crowd.connected == 2
        crowd.ledger.confirm("a", "b", crowd.ledger.send("a", "b", 0.0), 0.0)
        began = time.monotonic()
        assert await settle(crowd, time.monotonic, 0.5)
        assert time.monotonic() - began >= 0.5
        assert crowd.ledger.totals().lost == 1
        await crowd.depart()


async def test_services_of_others_are_cleaned(redis_url: str, cluster_name: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"{cluster_name}:epoch", "1")
        said: list[str] = []
        await clean_up({Target.REDIS: redis_url}, cluster_name, said.append)
        assert client.keys(f"{cluster_name}:*") == []
    assert said == []


async def test_what_cannot_be_cleaned_is_told() -> None:
    said: list[str] = []
    await clean_up({Target.REDIS: f"redis://127.0.0.1:{free_port()}"}, "nobody", said.append)
    [line] = said
    assert "remove it by hand" in line
