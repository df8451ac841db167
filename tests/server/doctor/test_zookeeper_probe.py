"""What is seen of a real ZooKeeper, and that nothing is left there."""

import asyncio
from collections.abc import Iterator

import pytest
from kazoo.client import KazooClient
from kazoo.security import make_acl

from cluster.address import parse_zookeeper
from server.doctor.zookeeper import ZookeeperFacts
from server.doctor.zookeeper_probe import ask_zookeeper
from tests.services import ZooKeeper, free_port

TIMEOUT = 15.0


@pytest.fixture
def client(zk_hosts: str) -> Iterator[KazooClient]:
    """Give a client in the test's chroot."""
    client = KazooClient(zk_hosts, timeout=10)
    client.start(timeout=20)
    yield client
    client.stop()
    client.close()


async def seen(hosts: str, timeout: float = TIMEOUT) -> ZookeeperFacts:
    """Ask as for a cluster `im`."""
    return await ask_zookeeper(parse_zookeeper(hosts), "im", 6.0, timeout)


def everything(client: KazooClient, path: str = "/") -> list[str]:
    """Return the paths of all znodes below one."""
    paths = []
    for name in client.get_children(path):
        child = f"{path.rstrip('/')}/{name}"
        paths += [child, *everything(client, child)]
    return paths


@pytest.mark.parametrize("made", ["", "/im", "/im/nodes"])
async def test_a_good_one_is_seen_whole_and_left_as_it_was(
    zk_hosts: str, client: KazooClient, made: str
) -> None:
    if made:
        client.ensure_path(made)
    before = everything(client)
    facts = await seen(zk_hosts)
    assert (facts.failure, facts.chroot, facts.trial) == (None, True, "")
    assert facts.granted is not None
    assert facts.granted.timeout == 6.0
    assert facts.skew is not None
    # ZooKeeper counts in milliseconds.
    assert abs(facts.skew.ahead) - facts.skew.error < 1.0
    assert "Zookeeper version" in (facts.servers[facts.address.hosts] or "")
    assert everything(client) == before


async def test_a_chroot_that_is_missing_is_seen_and_not_made(
    zk_hosts: str, client: KazooClient
) -> None:
    facts = await seen(f"{zk_hosts}/none")
    assert (facts.failure, facts.chroot, facts.trial) == (None, False, None)
    assert everything(client) == []


async def test_without_a_chroot_there_is_none_to_miss(zookeeper: ZooKeeper) -> None:
    facts = await seen(zookeeper.hosts)
    assert (facts.failure, facts.chroot, facts.trial) == (None, None, "")


async def test_a_path_that_is_closed_to_this_machine_is_seen(
    zk_hosts: str, client: KazooClient
) -> None:
    client.ensure_path("/im/nodes")
    client.set_acls("/im/nodes", [make_acl("world", "anyone", read=True)])
    facts = await seen(zk_hosts)
    assert "NoAuth" in (facts.trial or "")
    assert everything(client) == ["/im", "/im/nodes"]


async def test_a_server_that_is_missing_is_named(zookeeper: ZooKeeper) -> None:
    missing = f"127.0.0.1:{free_port()}"
    facts = await seen(f"{missing},{zookeeper.hosts}")
    assert facts.failure is None
    assert facts.servers[missing] is None
    assert facts.servers[zookeeper.hosts] is not None
    assert facts.granted is not None


async def test_one_that_is_not_there_is_given_up_in_time() -> None:
    facts = await seen(f"127.0.0.1:{free_port()}", 0.3)
    assert (facts.failure, facts.granted) == ("Connection refused", None)


async def test_one_that_hangs_is_given_up_in_time(own_zookeeper: ZooKeeper) -> None:
    await asyncio.to_thread(own_zookeeper.pause)
    facts = await seen(own_zookeeper.hosts, 0.5)
    assert facts.failure is not None
    assert "gives no session" in facts.failure
    assert facts.servers == {own_zookeeper.hosts: None}
    await asyncio.to_thread(own_zookeeper.unpause)
