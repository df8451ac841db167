"""`scripts/cluster` runs two nodes and a balancer, and ends them and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from scripts.stack.instance import HOST
from scripts.stack.paths import ROOT
from scripts.stack.probe import listens
from tests.services import OwnRabbitMQ, OwnRedis, ZooKeeper, free_port


@pytest.fixture
def environ(
    zookeeper: ZooKeeper, own_redis: OwnRedis, own_rabbitmq: OwnRabbitMQ, cluster_name: str
) -> Iterator[dict[str, str]]:
    """Give an environment with services and ports of the test's own; the cluster is ended."""
    ports = {
        "IM_ZK_PORT": int(zookeeper.hosts.rpartition(":")[2]),
        "IM_REDIS_PORT": own_redis.port,
        "IM_AMQP_PORT": own_rabbitmq.port,
        "IM_NODE_PORT": _four_free_ports(),
        "IM_BALANCER_PORT": free_port(),
    }
    names = {f"IM_{program}_START_CLUSTER": cluster_name for program in ("SERVER", "BALANCER")}
    made = {**os.environ, **names, **{name: str(port) for name, port in ports.items()}}
    yield made
    _run("down", made)


def _four_free_ports() -> int:
    """Return a port that is free with the next one, and with those ten above them."""
    while True:
        port = free_port()
        if not any(listens(HOST, port + more) for more in (1, 10, 11)):
            return port


def _run(action: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "scripts" / "cluster"), action],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        env=environ,
        check=False,
    )


def _nodes(environ: dict[str, str]) -> list[object]:
    url = f"http://{HOST}:{environ['IM_BALANCER_PORT']}/v1/nodes"
    with urllib.request.urlopen(url, timeout=5) as answer:
        nodes: list[object] = json.load(answer)["nodes"]
    return nodes


def test_up_and_down(environ: dict[str, str], own_redis: OwnRedis) -> None:
    up = _run("up", environ)
    assert up.returncode == 0, up.stdout + up.stderr
    assert up.stdout.count(" ready ") == 3
    assert len(_nodes(environ)) == 2
    again = _run("up", environ)
    assert again.returncode == 0
    assert "starting" not in again.stdout
    assert _run("status", environ).returncode == 0
    down = _run("down", environ)
    assert down.returncode == 0
    assert down.stdout.splitlines() == [
        f"balancer http://{HOST}:{environ['IM_BALANCER_PORT']} ended",
        f"node ws://{HOST}:{int(environ['IM_NODE_PORT']) + 1} ended",
        f"node ws://{HOST}:{environ['IM_NODE_PORT']} ended",
    ]
    assert own_redis.version()
    assert _run("status", environ).returncode == 1


def test_down_without_up(environ: dict[str, str]) -> None:
    down = _run("down", environ)
    assert down.returncode == 0
    assert "nothing to end" in down.stdout


def test_a_taken_port_is_named(environ: dict[str, str], own_redis: OwnRedis) -> None:
    up = _run("up", {**environ, "IM_NODE_PORT": str(own_redis.port)})
    assert up.returncode == 1
    assert f"port {own_redis.port} for node ws://" in up.stderr
    assert up.stderr.count("\n") == 1
