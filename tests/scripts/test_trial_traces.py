"""The znodes, keys and exchanges of one cluster go, and only those."""

from __future__ import annotations

import contextlib

import pika
import pika.exceptions
import pytest
import redis
from kazoo.client import KazooClient

from scripts.trial_lib.target import Target
from scripts.trial_lib.traces import TracesLeft, remove_exchanges, remove_keys, remove_traces
from tests.scripts.chaos_world import elsewhere
from tests.services import free_port


def test_removes_the_keys_of_one_cluster(redis_url: str, cluster_name: str) -> None:
    with contextlib.closing(redis.Redis.from_url(redis_url)) as client:
        client.set(f"{cluster_name}:{{bob}}:head", 1)
        client.set(f"{cluster_name}x:epoch", 1)
        remove_keys(redis_url, cluster_name)
        assert client.keys(f"{cluster_name}*") == [f"{cluster_name}x:epoch".encode()]
        client.delete(f"{cluster_name}x:epoch")


def test_removes_the_exchange_of_one_cluster(amqp_url: str, cluster_name: str) -> None:
    name = f"{cluster_name}.fanout"
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(amqp_url))) as connection:
        connection.channel().exchange_declare(name, "fanout")
        remove_exchanges(amqp_url, cluster_name)
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="no exchange"):
            connection.channel().exchange_declare(name, "fanout", passive=True)


def test_removes_the_znodes_of_one_cluster(zk_hosts: str) -> None:
    client = KazooClient(zk_hosts, timeout=10)
    client.start()
    for path in ("/c1/nodes/n-1", "/c2/nodes"):
        client.ensure_path(path)
    for _ in range(2):
        remove_traces(Target.ZOOKEEPER, zk_hosts, "c1")
        assert client.get_children("/") == ["c2"]
    client.stop()
    client.close()


@pytest.mark.parametrize(
    ("target", "address", "what"),
    [
        (Target.REDIS, "redis://127.0.0.1:{}/0", r"keys c1:\*"),
        (Target.RABBITMQ, "amqp://127.0.0.1:{}", "exchange c1.fanout"),
    ],
)
def test_what_is_left_is_named(target: Target, address: str, what: str) -> None:
    with pytest.raises(TracesLeft, match=f"can't remove {what} .*by hand"):
        remove_traces(target, address.format(free_port()), "c1")


def test_a_service_that_says_nothing_is_not_waited_for_long() -> None:
    with elsewhere() as services, pytest.raises(TracesLeft):
        remove_traces(Target.RABBITMQ, f"{services[Target.RABBITMQ]}?stack_timeout=0.5", "c1")
