"""A benchmark from end to end: real services, real nodes, and nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import redis

from scripts.bench_lib import procfs
from scripts.stack.paths import ROOT
from tests.services import free_port


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.bench_lib.cli", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_messages_cross_nodes_and_are_counted(
    tmp_path: Path, zk_hosts: str, redis_url: str, amqp_url: str
) -> None:
    file = tmp_path / "results.json"
    allowed = _allowed_to_redis()
    services = ["--zk", zk_hosts, "--redis", redis_url, "--amqp", amqp_url]
    # Processor time is told in steps of 10 ms: each load gives the nodes a good many to spend.
    short = ["--reps", "1", "--seconds", "1.5", "--warm", "0.2", "--tries", "1"]
    load = ["--pairs", "4", "--rate", "500", "--durable", "--json", str(file)]
    done = bench("cross-node", *services, *short, *load)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "durable, 500 msg/s" in done.stdout
    assert "none lost, doubled, disordered, unconfirmed" in done.stdout
    rows = {row["case"]: row["medians"] for row in json.loads(file.read_text())["rows"]}
    assert list(rows) == ["durable, 1 in flight", "durable, 8 in flight", "durable, 500 msg/s"]
    for medians in rows.values():
        assert medians["rate"] > 0
        assert medians["nodes_us"] > 0
        assert medians["nodes_mib"] > 10
        assert 0 < medians["p50_ms"] <= medians["p99_ms"]
    # Of services of somebody else nothing is kept, and nothing is changed for good.
    assert _allowed_to_redis() == allowed
    with redis.Redis.from_url(redis_url) as client:
        assert list(client.scan_iter(match="bench-*", count=1000)) == []


def test_what_cannot_be_run_says_why(zk_hosts: str, amqp_url: str) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    done = bench("replay", "--zk", zk_hosts, "--redis", nowhere, "--amqp", amqp_url)
    assert done.returncode == 3
    assert "no redis answers at 127.0.0.1" in done.stderr


def _allowed_to_redis() -> set[int] | None:
    pid = procfs.listener(6379)
    return None if pid is None else os.sched_getaffinity(pid)
