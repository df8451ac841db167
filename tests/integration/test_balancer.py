"""The balancer on a real ZooKeeper."""

import asyncio
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aiohttp
import pytest
from kazoo.client import KazooClient

from balancer.service import BalancerService
from balancer.settings import BalancerSettings
from cluster.address import parse_zookeeper
from cluster.record import NodeRecord
from cluster.registry_zookeeper import ZookeeperRegistry
from tests.services import ZooKeeper, eventually

Ask = Callable[[str], Awaitable[dict[str, object]]]

# Without probes: nothing listens at the addresses of these nodes.
LOCAL = BalancerSettings(host="127.0.0.1", port=0, probe=0)


def new_node(port: int) -> NodeRecord:
    """Return the record of a node that starts now."""
    return NodeRecord(
        node_id=str(uuid.uuid4()),
        host="127.0.0.1",
        port=port,
        url=f"ws://127.0.0.1:{port}/ws",
    )


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def asker(http: aiohttp.ClientSession, url: str) -> Ask:
    """Return a function that asks the balancer at a URL."""

    async def ask(path: str) -> dict[str, object]:
        async with http.get(url + path) as response:
            answer = await response.json()
            assert isinstance(answer, dict)
            return answer

    return ask


async def known_nodes(ask: Ask) -> set[object]:
    """Return the node_ids that the balancer lists."""
    listed = (await ask("/v1/nodes"))["nodes"]
    assert isinstance(listed, list)
    return {record["node_id"] for record in listed}


@pytest.fixture
async def nodes(zk_hosts: str) -> AsyncIterator[ZookeeperRegistry]:
    """Give the registry as the nodes see it."""
    registry = ZookeeperRegistry(parse_zookeeper(zk_hosts), "im")
    await registry.connect(10)
    yield registry
    await registry.close()


@pytest.fixture
async def url(zk_hosts: str) -> AsyncIterator[str]:
    """Give the URL of a balancer."""
    service = BalancerService(LOCAL, ZookeeperRegistry(parse_zookeeper(zk_hosts), "im"))
    port = await service.start()
    await service.joined()
    yield f"http://127.0.0.1:{port}"
    await service.stop()


@pytest.fixture
def ask(http: aiohttp.ClientSession, url: str) -> Ask:
    return asker(http, url)


async def test_nodes_join_and_leave(ask: Ask, nodes: ZookeeperRegistry) -> None:
    records = [new_node(port) for port in (7001, 7002, 7003)]
    registrations = [await nodes.register(record) for record in records]

    async def listed(count: int) -> bool:
        return len(await known_nodes(ask)) == count

    await eventually(lambda: listed(3))
    picks = Counter([(await ask("/v1/node"))["url"] for _ in range(300)])
    assert picks == {record.url: 100 for record in records}

    await registrations[0].remove()
    await eventually(lambda: listed(2))
    assert (await ask("/v1/node"))["node_id"] != records[0].node_id


async def test_a_node_that_drains_is_picked_no_more(ask: Ask, nodes: ZookeeperRegistry) -> None:
    going, staying = new_node(7001), new_node(7002)
    registration = await nodes.register(going)
    await nodes.register(staying)
    draining = NodeRecord(
        node_id=going.node_id, host=going.host, port=7001, url=going.url, state="draining"
    )
    registration.update(draining)

    async def only_the_other() -> bool:
        answers = [await ask("/v1/node?count=9") for _ in range(2)]
        return all(
            (answer.get("node_id"), answer.get("candidates")) == (staying.node_id, [])
            for answer in answers
        )

    await eventually(only_the_other)
    assert await known_nodes(ask) == {going.node_id, staying.node_id}


@pytest.fixture
def operator(zookeeper: ZooKeeper) -> Iterator[KazooClient]:
    """Give somebody who writes to ZooKeeper what he likes."""
    client = KazooClient(zookeeper.hosts)
    client.start()
    yield client
    client.stop()
    client.close()


async def test_rubbish_is_passed_over_and_counted(
    ask: Ask,
    url: str,
    nodes: ZookeeperRegistry,
    operator: KazooClient,
    zk_hosts: str,
    http: aiohttp.ClientSession,
) -> None:
    parent = f"/{zk_hosts.partition('/')[2]}/im/nodes"
    operator.ensure_path(parent)
    for data in (b"\xff\x00 rubbish", b'{"v": 1}', b"[" * 900):
        operator.create(f"{parent}/n-{uuid.uuid4()}-", data, ephemeral=True, sequence=True)
    operator.create(f"{parent}/lost+found", b"", ephemeral=True)
    record = new_node(7001)
    await nodes.register(record)

    async def listed() -> bool:
        return await known_nodes(ask) == {record.node_id}

    await eventually(listed)
    assert (await ask("/v1/node"))["node_id"] == record.node_id
    async with http.get(f"{url}/metrics") as response:
        assert "im_balancer_bad_records 3.0" in await response.text()


async def test_a_frozen_zookeeper_leaves_the_last_list(
    own_zookeeper: ZooKeeper, http: aiohttp.ClientSession
) -> None:
    address = parse_zookeeper(own_zookeeper.hosts)
    nodes = ZookeeperRegistry(address, "im")
    await nodes.connect(20)
    records = [new_node(port) for port in (7001, 7002)]
    for record in records:
        await nodes.register(record)
    service = BalancerService(LOCAL, ZookeeperRegistry(address, "im"))
    ask = asker(http, f"http://127.0.0.1:{await service.start()}")

    async def stale(expected: bool) -> bool:
        answer = await ask("/v1/nodes")
        assert isinstance(answer["nodes"], list)
        return answer["stale"] is expected and len(answer["nodes"]) == 2

    await eventually(lambda: stale(False), within=10)
    await asyncio.to_thread(own_zookeeper.pause)
    await eventually(lambda: stale(True), within=20)
    answer = await ask("/v1/node")
    assert answer["stale"] is True
    assert answer["node_id"] in {record.node_id for record in records}
    readiness = await ask("/readyz")
    assert readiness["ready"] is True
    assert "degraded" in readiness

    await asyncio.to_thread(own_zookeeper.unpause)
    await eventually(lambda: stale(False), within=30)
    await service.stop()
    await nodes.close()


async def test_the_command_serves_and_stops(
    zk_hosts: str, nodes: ZookeeperRegistry, http: aiohttp.ClientSession
) -> None:
    record = new_node(7001)
    await nodes.register(record)
    command = [sys.executable, "-c", "from balancer.cli import main; main()", "start"]
    place = ["--zk", zk_hosts, "--host", "127.0.0.1", "--port", "0", "--log-format", "text"]
    process = await asyncio.create_subprocess_exec(*command, *place, stderr=subprocess.PIPE)
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    ask = asker(http, line.split()[-1])

    async def picked() -> bool:
        return (await ask("/v1/node")).get("node_id") == record.node_id

    await eventually(picked)
    process.terminate()
    async with asyncio.timeout(10):
        _, rest = await process.communicate()
    assert process.returncode == 0, rest.decode()
