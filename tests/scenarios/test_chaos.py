"""Chaos as a command: it passes a good cluster, fails a broken one, and ends in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from kazoo.client import KazooClient

from scripts.stack.paths import ROOT
from tests.services import eventually

# Seconds within which the services, nodes and users are there.
STARTED_WITHIN = 90.0
# Seconds within which everything has been ended.
ENDED_WITHIN = 120.0


class Chaos:
    """`scripts/chaos` as a process."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._folder = folder

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return (self._folder / "output").read_text()

    @property
    def report(self) -> dict[str, Any]:
        """The report that it has written."""
        told: dict[str, Any] = json.loads((self._folder / "report.json").read_text())
        return told

    @property
    def logs(self) -> Path:
        """The folder of its run."""
        return Path(self.output.splitlines()[0].partition("logs in ")[2])

    async def end(self) -> int:
        """Wait until it has ended; return its exit code."""
        async with asyncio.timeout(ENDED_WITHIN):
            return await self.process.wait()


@pytest.fixture
async def chaos(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Chaos]]]:
    """Give a function that starts chaos and returns when its users talk."""
    started: list[Chaos] = []

    async def start(*options: str) -> Chaos:
        command = [str(ROOT / "scripts" / "chaos"), "--report", str(tmp_path / "report.json")]
        with (tmp_path / "output").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command, *options, stdin=-3, stdout=output, stderr=output
            )
        made = Chaos(tmp_path, process)
        started.append(made)
        await eventually(
            lambda: "users talk" in made.output or process.returncode is not None, STARTED_WITHIN
        )
        return made

    yield start
    for each in started:
        if each.process.returncode is None:
            each.process.terminate()
            await each.process.wait()


def children_of(folder: Path) -> list[int]:
    """Return the processes that work in a run's folder, or below it."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and (entry / "cwd").resolve().is_relative_to(folder):
                found.append(int(entry.name))
        except OSError:
            continue  # it has ended meanwhile
    return found


async def test_a_broken_delivery_is_found(chaos: Callable[..., Awaitable[Chaos]]) -> None:
    run = await chaos(
        *("--break-delivery", "--faults", "none", "--seconds", "12", "--rate", "400"),
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


async def test_faults_are_survived(chaos: Callable[..., Awaitable[Chaos]]) -> None:
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


async def test_an_interruption_heals_and_reports(chaos: Callable[..., Awaitable[Chaos]]) -> None:
    run = await chaos("--seconds", "600", "--users", "6", "--nodes", "2")
    await eventually(lambda: "cut-" in run.output.partition("users talk")[2], within=30)
    assert children_of(run.logs) != []
    run.process.send_signal(signal.SIGINT)
    assert await run.end() == 0, run.output
    assert "PASSED (interrupted)" in run.output
    assert run.report["left_out"] != []
    assert children_of(run.logs) == []


async def test_two_interruptions_end_it_at_once(chaos: Callable[..., Awaitable[Chaos]]) -> None:
    run = await chaos("--seconds", "600", "--users", "6", "--nodes", "2", "--faults", "none")
    run.process.send_signal(signal.SIGINT)
    # Two signals that come together may arrive as one.
    await eventually(lambda: "interrupted" in run.output)
    run.process.send_signal(signal.SIGINT)
    assert await run.end() == 130, run.output
    assert "given up; everything has been ended" in run.output
    assert children_of(run.logs) == []


async def test_services_of_others_are_cut_off_and_left_clean(
    chaos: Callable[..., Awaitable[Chaos]], zk_hosts: str, redis_url: str, amqp_url: str
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
