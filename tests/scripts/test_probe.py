"""A probe knows its service, and nothing else for it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from scripts.stack.instance import HOST
from scripts.stack.probe import ask, listens, rabbitmq_version, redis_version, zookeeper_version
from tests.services import OwnRedis, ZooKeeper, free_port

Probe = Callable[[str, int], str | None]
PROBES: list[Probe] = [rabbitmq_version, redis_version, zookeeper_version]


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], int]]:
    """Give a function that makes a port which says the same to everyone."""
    servers: list[socket.socket] = []

    def make(text: bytes) -> int:
        server = socket.create_server((HOST, 0))
        servers.append(server)
        threading.Thread(target=_say, args=(server, text)).start()
        port: int = server.getsockname()[1]
        return port

    yield make
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def _say(server: socket.socket, text: bytes) -> None:
    try:
        while True:
            with server.accept()[0] as connection:
                connection.recv(100)
                connection.sendall(text)
    except OSError:
        return


@pytest.mark.parametrize("probe", PROBES)
def test_nobody_there(probe: Probe) -> None:
    assert probe(HOST, free_port()) is None


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize(
    "text", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x01\x00", b"+OK\r\n"]
)
def test_somebody_else_there(probe: Probe, text: bytes, answering: Callable[[bytes], int]) -> None:
    assert probe(HOST, answering(text)) is None


def test_knows_redis(own_redis: OwnRedis) -> None:
    version = redis_version(HOST, own_redis.port)
    assert version is not None
    assert version[0].isdigit()
    assert zookeeper_version(HOST, own_redis.port) is None
    assert rabbitmq_version(HOST, own_redis.port) is None


def test_a_redis_with_a_password_is_one(own_redis: OwnRedis) -> None:
    ask(HOST, own_redis.port, b"CONFIG SET requirepass x\r\n", stop=b"\r\n")
    assert redis_version(HOST, own_redis.port) == "?"


def test_knows_zookeeper(zookeeper: ZooKeeper) -> None:
    port = int(zookeeper.hosts.rpartition(":")[2])
    version = zookeeper_version(HOST, port)
    assert version is not None
    assert version[0].isdigit()
    assert redis_version(HOST, port) is None


def test_a_zookeeper_that_tells_nothing_is_one(answering: Callable[[bytes], int]) -> None:
    text = b"srvr is not executed because it is not in the whitelist.\n"
    assert zookeeper_version(HOST, answering(text)) == "?"


def test_a_zookeeper_that_doesnt_serve_yet_is_none(answering: Callable[[bytes], int]) -> None:
    text = b"This ZooKeeper instance is not currently serving requests\n"
    assert zookeeper_version(HOST, answering(text)) is None


def test_a_redis_that_loads_its_data_is_not_ready(answering: Callable[[bytes], int]) -> None:
    text = b"-LOADING Redis is loading the dataset in memory\r\n"
    assert redis_version(HOST, answering(text)) is None


def test_listens(answering: Callable[[bytes], int]) -> None:
    assert listens(HOST, answering(b""))
    assert not listens(HOST, free_port())
