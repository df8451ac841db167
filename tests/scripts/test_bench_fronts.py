"""The gateway is measured beside nginx, with the same messages, and neither loses one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.stack import nginx
from tests.scripts.test_bench_session import bench


def test_messages_pass_through_both_and_are_counted(
    tmp_path: Path, zk_hosts: str, redis_url: str, amqp_url: str
) -> None:
    if nginx.find() is None:
        pytest.fail("nginx is missing: run as root: apt-get install nginx", pytrace=False)
    file = tmp_path / "results.json"
    services = ["--zk", zk_hosts, "--redis", redis_url, "--amqp", amqp_url]
    # Processor time is told in steps of 10 ms: each load gives nginx several of them to spend.
    short = ["--reps", "1", "--seconds", "1.5", "--warm", "0.1", "--tries", "1"]
    load = ["--pairs", "4", "--rate", "2000", "--json", str(file)]
    done = bench("gateway", *services, *short, *load)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row["case"]: row["medians"] for row in json.loads(file.read_text())["rows"]}
    loads = ("1 in flight", "8 in flight", "2,000 msg/s")
    assert list(rows) == [f"{f}, {load}" for load in loads for f in ("direct", "gateway", "nginx")]
    for name, medians in rows.items():
        assert medians["rate"] > 0
        assert medians["nodes_us"] > 0
        if not name.startswith("direct"):
            assert medians["server_us"] > 0
