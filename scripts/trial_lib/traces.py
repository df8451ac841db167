"""Remove what a cluster has left in services that go on. Every call blocks.

It asks the services directly, since no node of that cluster runs any more. TracesLeft is raised
when that isn't possible.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pika
import pika.exceptions
import redis
from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoNodeError
from kazoo.handlers.threading import KazooTimeoutError
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from cluster.address import parse_zookeeper
from scripts.stack.errors import StackError
from scripts.trial_lib.target import Target

# Seconds that a service may take for an answer.
_WITHIN = 5.0


class TracesLeft(StackError):
    """Something of a cluster is still in a service."""

    def __init__(self, what: str, where: str, error: BaseException) -> None:
        super().__init__(f"can't remove {what} from {where} ({error!r})", "remove it by hand")


def remove_traces(target: Target, address: str, cluster: str) -> None:
    """Remove everything that a cluster, which has ended, has left in one service.

    Raises:
        TracesLeft: the service doesn't answer, or refuses.
    """
    if target is Target.ZOOKEEPER:
        remove_znodes(str(parse_zookeeper(address)), f"/{cluster}")
    elif target is Target.REDIS:
        remove_keys(address, cluster)
    else:
        remove_exchanges(address, cluster)


def remove_znodes(hosts: str, path: str) -> None:
    """Delete a znode with all that is below, whether it exists or not; see `remove_traces`."""
    client = KazooClient(hosts, timeout=_WITHIN)
    with _translated(f"znode {path}", hosts):
        try:
            client.start(timeout=_WITHIN)
            with contextlib.suppress(NoNodeError):
                client.delete(path, recursive=True)
        finally:
            client.stop()
            client.close()


def remove_keys(url: str, cluster: str) -> None:
    """Delete the keys of a cluster; see `remove_traces`."""
    with (
        _translated(f"keys {cluster}:*", "Redis"),
        contextlib.closing(redis.Redis.from_url(url, socket_timeout=_WITHIN)) as client,
    ):
        for key in list(client.scan_iter(match=f"{cluster}:*", count=1000)):
            client.delete(key)


def remove_exchanges(url: str, cluster: str) -> None:
    """Delete the exchange and the queue of a cluster, whether they exist or not.

    Queues of single nodes go with the nodes' connections. See `remove_traces`.
    """
    with (
        _translated(f"exchange {cluster}.fanout", "RabbitMQ"),
        contextlib.closing(pika.BlockingConnection(pika.URLParameters(url))) as connection,
    ):
        channel = connection.channel()
        for name in (cluster, f"{cluster}.fanout"):
            channel.exchange_delete(name)
            channel.queue_delete(name)


@contextlib.contextmanager
def _translated(what: str, where: str) -> Iterator[None]:
    try:
        yield
    except (
        KazooException,
        KazooTimeoutError,
        redis.RedisError,
        pika.exceptions.AMQPError,
        AMQPConnectorException,
        OSError,
    ) as exc:
        raise TracesLeft(what, where, exc) from exc
