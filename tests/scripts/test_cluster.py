"""`scripts/cluster` runs two nodes and a balancer, and ends them and nothing else."""

from __future__ import annotations

import json
import urllib.request

import pytest

from scripts.stack.instance import HOST
from scripts.stack.probe import listens, redis_version
from scripts.stack.waiting import wait_until
from tests.scripts.conftest import Checkout, free_node_port
from tests.services import OwnRabbitMQ, OwnRedis, ZooKeeper, free_port


@pytest.fixture
def cluster(
    checkout: Checkout,
    zookeeper: ZooKeeper,
    own_redis: OwnRedis,
    own_rabbitmq: OwnRabbitMQ,
    cluster_name: str,
) -> Checkout:
    """Give a checkout whose cluster has services and ports of the test's own."""
    ports = {
        "IM_ZK_PORT": int(zookeeper.hosts.rpartition(":")[2]),
        "IM_REDIS_PORT": own_redis.port,
        "IM_AMQP_PORT": own_rabbitmq.port,
        "IM_NODE_PORT": free_node_port(),
        "IM_BALANCER_PORT": free_port(),
    }
    names = {f"IM_{program}_START_CLUSTER": cluster_name for program in ("SERVER", "BALANCER")}
    checkout.environ |= {**names, **{name: str(port) for name, port in ports.items()}}
    return checkout


def _nodes(environ: dict[str, str]) -> list[object]:
    url = f"http://{HOST}:{environ['IM_BALANCER_PORT']}/v1/nodes"
    with urllib.request.urlopen(url, timeout=5) as answer:
        nodes: list[object] = json.load(answer)["nodes"]
    return nodes


def _admin(page: str, token: str) -> object:
    """Return what the balancer lets one do who shows a token."""
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{page}v1/cluster", headers=headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)["admin"]


def test_up_and_down(cluster: Checkout, own_redis: OwnRedis) -> None:
    environ = cluster.environ
    up = cluster.run("cluster", "up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert up.stdout.count(" ready ") == 3
    _, _, link = up.stdout.splitlines()[-1].partition("the page: ")
    page, _, token = link.partition("#token=")
    assert _admin(page, token) == "granted"
    # The balancer's watch may take a moment to tell it of the second node.
    assert wait_until(lambda: len(_nodes(environ)) == 2, 10.0)
    again = cluster.run("cluster", "up")
    assert again.returncode == 0
    assert "starting" not in again.stdout
    assert cluster.run("cluster", "status").returncode == 0
    down = cluster.run("cluster", "down", IM_NODE_PORT="1", IM_BALANCER_PORT="2")
    assert down.returncode == 0
    assert down.stdout.splitlines() == [
        f"balancer http://{HOST}:{environ['IM_BALANCER_PORT']} ended",
        f"node ws://{HOST}:{environ['IM_NODE_PORT']} ended",
        f"node ws://{HOST}:{int(environ['IM_NODE_PORT']) + 1} ended",
    ]
    assert own_redis.version()
    assert cluster.run("cluster", "status").returncode == 1


def test_down_ends_the_services_that_up_started(cluster: Checkout) -> None:
    port = free_port()
    cluster.environ["IM_REDIS_PORT"] = str(port)
    assert cluster.run("cluster", "up").returncode == 0
    assert redis_version(HOST, port)
    down = cluster.run("cluster", "down")
    assert down.stdout.splitlines()[-1] == f"Redis on port {port} ended"
    assert not listens(HOST, port)


def test_a_service_started_before_stays(cluster: Checkout) -> None:
    port = free_port()
    cluster.environ["IM_REDIS_PORT"] = str(port)
    cluster.run("services", "up", "redis")
    assert cluster.run("cluster", "up").returncode == 0
    cluster.run("cluster", "down")
    assert redis_version(HOST, port)


def test_down_without_up(checkout: Checkout) -> None:
    down = checkout.run("cluster", "down")
    assert down.returncode == 0
    assert "nothing to end" in down.stdout


def test_a_taken_port_is_named(cluster: Checkout, own_redis: OwnRedis) -> None:
    up = cluster.run("cluster", "up", IM_NODE_PORT=str(own_redis.port))
    assert up.returncode == 1
    assert f"port {own_redis.port} for node ws://" in up.stderr
    assert up.stderr.count("\n") == 1
