"""A test's keys and exchanges go with it, and only those."""

from __future__ import annotations

import contextlib

import pika
import pika.exceptions
import pytest
import redis

from tests.services.leftovers import remove_exchanges, remove_keys


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
