"""Tasks: kept running, counted when they fail, ended together."""

from __future__ import annotations

import asyncio
import logging

import pytest

from cluster.errors import ServiceUnavailable
from server import tasks
from server.stats import Stats
from server.tasks import Tasks, gather_each
from tests.services.eventually import eventually


async def fail() -> None:
    """Fail in a way nobody expected."""
    raise LookupError("as the test wants it")


async def test_an_error_is_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    stats = Stats()
    owner = Tasks(stats)
    with caplog.at_level(logging.ERROR):
        owner.spawn(fail())
        await eventually(lambda: stats.unexpected == 1)
    assert "fail" in caplog.text
    await owner.stop()


async def test_a_loop_that_fails_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "RESTART_DELAY", 0.001)
    stats = Stats()
    owner = Tasks(stats)
    owner.keep_running(fail)
    await eventually(lambda: stats.unexpected >= 3)
    await owner.stop()
    count = stats.unexpected
    await asyncio.sleep(0)
    assert stats.unexpected == count


async def test_stopping_at_once_leaves_nothing_behind() -> None:
    owner = Tasks(Stats())
    owner.keep_running(fail)
    await owner.stop()


async def test_what_can_come_later_is_raised_when_all_have_been_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        if number == 1:
            raise ServiceUnavailable("Redis", "nowhere", "away")
        if number == 2:
            raise LookupError("it would come again")
        done.append(number)

    with pytest.raises(ServiceUnavailable):
        await gather_each(work(number) for number in range(4))
    assert done == [0, 3]
    assert "it would come again" in caplog.text
    await gather_each(work(number) for number in (2, 5))
    assert done == [0, 3, 5]


async def test_stopping_waits_until_all_have_ended() -> None:
    owner, ended = Tasks(Stats()), list[int]()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(1)

    for _ in range(3):
        owner.spawn(wait())
    await asyncio.sleep(0)
    await owner.stop()
    assert ended == [1, 1, 1]
    await owner.stop()
