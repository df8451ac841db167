"""Remove what a test has left in services that it shares with others."""

from __future__ import annotations

import contextlib
import uuid

import pika
import redis
from kazoo.client import KazooClient
from kazoo.exceptions import KazooException


def make_chroot(hosts: str) -> str:
    """Create a fresh, empty chroot and return its path."""
    path = f"/t{uuid.uuid4().hex[:12]}"
    client = KazooClient(hosts, timeout=10)
    client.start(timeout=10)
    try:
        client.create(path)
    finally:
        client.stop()
        client.close()
    return path


def remove_chroot(hosts: str, path: str) -> None:
    """Delete a chroot with all that is below; a node that still registers may win."""
    client = KazooClient(hosts, timeout=10)
    client.start(timeout=10)
    try:
        with contextlib.suppress(KazooException):
            client.delete(path, recursive=True)
    finally:
        client.stop()
        client.close()


def remove_keys(url: str, cluster: str) -> None:
    """Delete the keys of a cluster from a Redis."""
    with contextlib.closing(redis.Redis.from_url(url)) as client:
        for key in list(client.scan_iter(match=f"{cluster}:*", count=1000)):
            client.delete(key)


def remove_exchanges(url: str, cluster: str) -> None:
    """Delete the exchange and the queue of a cluster from a RabbitMQ, whether they exist or not.

    Queues of single nodes go with the nodes' connections.
    """
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        channel = connection.channel()
        for name in (cluster, f"{cluster}.fanout"):
            channel.exchange_delete(name)
            channel.queue_delete(name)
