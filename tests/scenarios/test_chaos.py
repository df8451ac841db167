"""Chaos as a command: it passes a good cluster, fails a broken one, and ends in order."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis
from kazoo.client import KazooClient

from tests.scenarios.trial import StartTrial, children_of, trials
from tests.services import eventually


@pytest.fixture
async def chaos(tmp_path: Path) -> AsyncIterator[StartTrial]:
    """Give a function that starts chaos and returns when its users talk."""
    async with trials(tmp_path, "chaos", "--report", "users talk") as start:
        yield start


async def test_a_broken_delivery_is_found(chaos: StartTrial) -> None:
    # About fifty are lost, often some in one batch: so many that they are more than ten.
    run = await chaos(
        *("--break-delivery", "--faults", "none", "--seconds", "16", "--rate", "500"),
        *("--users", "30", "--settle", "3"),
    )
    assert await run.end() == 1, run.output
    totals = run.report["totals"]
    assert totals["lost"] > 10
    # The hundredth part of what crosses between nodes, and not much more.
    assert totals["lost"] < totals["confirmed"] / 20
    assert totals["doubled"] == totals["out_of_order"] == totals["strange"] == 0
    assert {finding["what"] for finding in run.report["findings"]} == {"lost"}
    assert f"FAILED: {totals['lost']} lost" in run.output


async def test_faults_are_survived(chaos: StartTrial) -> None:
    run = await chaos(
        *("--faults", "kill-node,kill-redis,cut-node-rabbitmq,leave", "--seconds", "14"),
        *("--users", "12", "--rate", "100", "--session-timeout", "4", "--nodes", "2"),
    )
    assert await run.end() == 0, run.output
    report = run.report
    assert report["passed"] is True
    assert len(report["performed"]) >= 3
    assert report["totals"]["confirmed"] > 300
    assert report["presence_answers"] > 0
    assert report["ghost"]["age"] <= report["ghost_limit"] == 6.0
    assert children_of(run.logs) == []


async def test_an_interruption_heals_and_reports(chaos: StartTrial) -> None:
    run = await chaos("--seconds", "600", "--users", "6", "--nodes", "2")
    await eventually(lambda: "cut-" in run.output.partition("users talk")[2], within=30)
    assert children_of(run.logs) != []
    run.process.send_signal(signal.SIGINT)
    assert await run.end() == 0, run.output
    assert "PASSED (interrupted)" in run.output
    assert run.report["left_out"] != []
    assert children_of(run.logs) == []


async def test_two_interruptions_end_it_at_once(chaos: StartTrial) -> None:
    run = await chaos("--seconds", "600", "--users", "6", "--nodes", "2", "--faults", "none")
    run.process.send_signal(signal.SIGINT)
    # Two signals that come together may arrive as one.
    await eventually(lambda: "interrupted" in run.output)
    run.process.send_signal(signal.SIGINT)
    assert await run.end() == 130, run.output
    assert "given up; everything has been ended" in run.output
    assert children_of(run.logs) == []


async def test_services_of_others_are_cut_off_and_left_clean(
    chaos: StartTrial, zk_hosts: str, redis_url: str, amqp_url: str
) -> None:
    run = await chaos(
        *("--zk", zk_hosts, "--redis", redis_url, "--amqp", amqp_url, "--nodes", "2"),
        *("--faults", "cut-redis,silence-rabbitmq", "--seconds", "14", "--users", "6"),
    )
    assert await run.end() == 0, run.output
    assert {each["fault"]["kind"] for each in run.report["performed"]} == {
        "cut-redis",
        "silence-rabbitmq",
    }
    with contextlib.closing(redis.Redis.from_url(redis_url)) as client:
        assert client.keys(f"{run.report['cluster']}:*") == []
    assert zookeeper_children(zk_hosts) == []


def zookeeper_children(hosts: str) -> list[str]:
    """Return what is in a chroot."""
    client = KazooClient(hosts, timeout=10)
    client.start()
    try:
        return list(client.get_children("/"))
    finally:
        client.stop()
        client.close()
