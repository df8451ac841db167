"""A rolling restart as a command: clients notice nothing of one that drains, and much of kills."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis

from tests.scenarios.trial import StartTrial, children_of, trials


@pytest.fixture
async def restart(tmp_path: Path) -> AsyncIterator[StartTrial]:
    """Give a function that starts a rolling restart and returns when its clients talk."""
    async with trials(tmp_path, "rolling-restart", "--json", "clients talk") as start:
        yield start


async def test_drained_nodes_lose_nothing_and_nobody(
    restart: StartTrial, zk_hosts: str, redis_url: str, amqp_url: str
) -> None:
    run = await restart(
        *("--zk", zk_hosts, "--redis", redis_url, "--amqp", amqp_url),
        *("--clients", "60", "--rate", "100", "--drain-within", "6", "--steady", "2"),
    )
    code = await run.end()
    report = run.report
    assert report["passed"] is (code == 0), run.output
    totals = report["totals"]
    assert totals["confirmed"] == totals["delivered"] == totals["sent"] > 1000
    assert totals["lost"] == totals["doubled"] == totals["out_of_order"] == totals["strange"] == 0
    assert [each["node"] for each in report["restarts"]] == ["node-1", "node-2", "node-3"]
    for each in report["restarts"]:
        # By weight, and all weights are the same; those who were in doubt then may be elsewhere.
        assert len(each["moved_to"]) == 2
        assert min(each["moved_to"].values()) > each["clients"] / 4
        assert sum(each["moved_to"].values()) == each["clients"]
    # A busy machine may bunch some of them. Kills come to six times the even pace here.
    assert report["worst_pace"]["ratio"] < 4
    assert report["gaps"]["p99"] < 1.0
    assert report["clients_ended"] == 0
    assert report["problems"] == []
    assert children_of(run.logs) == []
    with contextlib.closing(redis.Redis.from_url(redis_url)) as client:
        assert client.keys(f"{report['cluster']}:*") == []


async def test_kills_miss_the_goal(
    restart: StartTrial, zk_hosts: str, redis_url: str, amqp_url: str
) -> None:
    run = await restart(
        *("--zk", zk_hosts, "--redis", redis_url, "--amqp", amqp_url, "--kill"),
        *("--nodes", "2", "--clients", "20", "--rate", "50", "--drain-within", "10"),
        *("--steady", "1"),
    )
    assert await run.end() == 1, run.output
    report = run.report
    assert report["worst_pace"]["ratio"] > 2
    assert report["gaps"]["clients"] == 20
    assert not any(each["node"] in each["moved_to"] for each in report["restarts"])
    assert report["totals"]["lost"] == report["totals"]["doubled"] == 0
    assert "FAILED: reconnects came at" in run.output


async def test_an_interruption_ends_everything(restart: StartTrial) -> None:
    run = await restart("--nodes", "2", "--clients", "6", "--steady", "600")
    assert children_of(run.logs) != []
    run.process.send_signal(signal.SIGINT)
    assert await run.end() == 130, run.output
    assert "given up; everything has been ended" in run.output
    assert children_of(run.logs) == []
