"""The ZooKeeper of the tests does what its methods say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kazoo.client import KazooClient
from kazoo.handlers.threading import KazooTimeoutError

from scripts.stack.instance import HOST
from scripts.stack.probe import listens, zookeeper_version
from tests.services.leftovers import make_chroot
from tests.services.zookeeper import ZooKeeper, ZooKeeperElsewhere


def _port(server: ZooKeeper) -> int:
    return int(server.hosts.rpartition(":")[2])


@pytest.fixture
def client(zk_hosts: str) -> Iterator[KazooClient]:
    made = KazooClient(zk_hosts, timeout=5)
    made.start()
    yield made
    made.stop()
    made.close()


def test_a_chroot_is_there_and_empty(client: KazooClient) -> None:
    assert client.get_children("/") == []


def test_each_test_has_its_own_chroot(client: KazooClient, zk_hosts: str) -> None:
    client.create("/mine")
    assert zk_hosts.count("/") == 1
    assert client.get_children("/") == ["mine"]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_data_outlive_an_end(own_zookeeper: ZooKeeper, end: str) -> None:
    path = make_chroot(own_zookeeper.hosts)
    getattr(own_zookeeper, end)()
    assert not listens(HOST, _port(own_zookeeper))
    own_zookeeper.restart()
    client = KazooClient(own_zookeeper.hosts, timeout=5)
    client.start()
    assert client.exists(path)
    client.stop()
    client.close()


def test_a_paused_one_takes_connections_but_says_nothing(own_zookeeper: ZooKeeper) -> None:
    own_zookeeper.pause()
    assert listens(HOST, _port(own_zookeeper))
    client = KazooClient(own_zookeeper.hosts, timeout=0.5)
    with pytest.raises(KazooTimeoutError):
        client.start(timeout=1)
    client.stop()
    client.close()
    own_zookeeper.unpause()
    assert zookeeper_version(HOST, _port(own_zookeeper))


def test_a_paused_one_can_be_restarted(own_zookeeper: ZooKeeper) -> None:
    own_zookeeper.pause()
    own_zookeeper.restart()
    assert zookeeper_version(HOST, _port(own_zookeeper))


def test_the_shared_one_is_another(zookeeper: ZooKeeper, own_zookeeper: ZooKeeper) -> None:
    own_zookeeper.stop()
    assert zookeeper_version(HOST, _port(zookeeper))


@pytest.mark.parametrize("action", ["stop", "kill", "pause", "unpause", "restart"])
def test_a_stranger_is_not_touched(action: str) -> None:
    with pytest.raises(AssertionError, match=f"can't {action} .* unset IM_TEST_ZK"):
        getattr(ZooKeeperElsewhere("127.0.0.1:2181"), action)()
