"""Addresses: what is understood, and what is refused with the forms that would be."""

from pathlib import Path

import pytest

from client_sdk.address import check_balancer, make_resolver, split_nodes, split_zookeeper
from client_sdk.faults import Unreachable
from client_sdk.resolver_balancer import BalancerResolver
from client_sdk.resolver_static import StaticResolver
from client_sdk.resolver_zookeeper import ZookeeperResolver
from cluster.address import ZookeeperAddress
from cluster.errors import InvalidAddress, InvalidName
from cluster.snapshot_codec import SavedNodes, encode_nodes
from tests.client_sdk.balancer_stub import record


@pytest.mark.parametrize(
    ("address", "ensemble", "cluster"),
    [
        ("zk://127.0.0.1:2181", ZookeeperAddress("127.0.0.1:2181"), "im"),
        ("zk://a,b:3/x/y", ZookeeperAddress("a:2181,b:3", "/x/y"), "im"),
        ("zk://a:1/x?cluster=test", ZookeeperAddress("a:1", "/x"), "test"),
        ("zk://a:1?cluster=test", ZookeeperAddress("a:1"), "test"),
    ],
)
def test_zookeeper(address: str, ensemble: ZookeeperAddress, cluster: str) -> None:
    assert split_zookeeper(address) == (ensemble, cluster)


@pytest.mark.parametrize(
    ("address", "urls"),
    [
        ("ws://a", ["ws://a/ws"]),
        ("ws://a:1/", ["ws://a:1/ws"]),
        ("ws://a:1/chat", ["ws://a:1/chat"]),
        ("wss://a, ws://[::1]:2,wss://a/ws", ["wss://a/ws", "ws://[::1]:2/ws"]),
    ],
)
def test_nodes(address: str, urls: list[str]) -> None:
    assert split_nodes(address) == urls


def test_balancer() -> None:
    assert check_balancer("http://a:7000?cluster=im") == "http://a:7000"
    assert check_balancer("https://a/im/") == "https://a/im/"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:7177",
        "ftp://a",
        "ws://",
        "ws://a:b",
        "ws://a:99999",
        "ws://a,http://b",
        "ws://a,",
        "ws://a/ws#x",
        "http://",
        "http://a:0",
        "http://[::1",
        "zk://",
        "zk://a:b",
        "zk://a?cluster=im&other=1",
        "zk://a?cluster=im&cluster=im",
    ],
)
def test_refused(address: str) -> None:
    with pytest.raises(InvalidAddress, match="expected "):
        make_resolver(address, user="bob", policy="round_robin", zone="")


def test_refused_names() -> None:
    with pytest.raises(InvalidName, match="cluster"):
        make_resolver("zk://a?cluster=", user="bob", policy="round_robin", zone="")
    with pytest.raises(InvalidName, match="policy"):
        make_resolver("ws://a", user="bob", policy="best", zone="")


@pytest.mark.parametrize("policy", ["round_robin", "ip_hash", "consistent_hash", "least_loaded"])
@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("zk://a:1", ZookeeperResolver),
        ("http://a:1", BalancerResolver),
        ("https://a:1", BalancerResolver),
        ("ws://a:1,ws://b:1", StaticResolver),
    ],
)
def test_each_kind_has_its_resolver(address: str, kind: type, policy: str) -> None:
    assert type(make_resolver(address, user="bob", policy=policy, zone="")) is kind


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("zk://127.0.0.1:1/x?cluster=test", "zk://127.0.0.1:1/x?cluster=test"),
        ("http://bob:secret@127.0.0.1:1/im", "http://bob:***@127.0.0.1:1/im"),
    ],
)
async def test_the_list_of_another_address_is_no_cache(
    tmp_path: Path, address: str, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cache"
    saved = SavedNodes(source="elsewhere", confirmed=1.0, nodes=(record("a"),))
    path.write_bytes(encode_nodes(saved))
    # Nobody listens on port 1: neither ZooKeeper nor a balancer answers.
    resolver = make_resolver(address, user="bob", policy="round_robin", zone="", cache=path)
    with pytest.raises(Unreachable):
        await resolver.candidates(0.1)
    await resolver.close()
    assert f"it is the list of 'elsewhere', not of '{source}'" in caplog.text
