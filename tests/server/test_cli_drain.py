"""`server drain`: finds a node, tells it to drain, and waits until it has gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import click
import msgspec
import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from cluster.address import parse_zookeeper
from cluster.record import NodeRecord
from cluster.registry_zookeeper import ZookeeperRegistry
from scripts.stack.ports import free_port
from server import cli_drain
from server.backends import MemoryWorld
from server.cli import main
from server.cli_drain import find_node
from server.node import Node
from tests.cluster.records import make_record
from tests.server.embedded import client, running

ONE = make_record(node_id="11111111-2222-4333-8444-555555555555", port=7001)
OTHER = make_record(node_id="11112222-2222-4333-8444-555555555555", port=7002, state="draining")


@pytest.mark.parametrize("name", [ONE.node_id, "11111", ONE.url, "127.0.0.1:7001"])
def test_a_node_is_found_by_what_is_known_of_it(name: str) -> None:
    assert find_node(name, [ONE, OTHER]) is ONE


@pytest.mark.parametrize(
    ("name", "records", "told"),
    [
        ("1111", [ONE, OTHER], ["any of these", ONE.node_id, OTHER.url, "draining"]),
        ("9", [ONE, OTHER], ["no node '9'", ONE.url, OTHER.node_id]),
        ("", [ONE], ["no node ''", ONE.url]),
        ("9", [], ["none at all"]),
    ],
)
def test_a_node_that_cannot_be_told_is_an_error_that_helps(
    name: str, records: list[NodeRecord], told: list[str]
) -> None:
    with pytest.raises(click.ClickException) as error:
        find_node(name, records)
    for words in told:
        assert words in error.value.message


def test_what_is_exact_is_no_prefix_of_another() -> None:
    longer = msgspec.structs.replace(OTHER, node_id=ONE.node_id + "0")
    assert find_node(ONE.node_id, [longer, ONE]) is ONE


class Cluster:
    """A registry in ZooKeeper, and the command that looks into it."""

    def __init__(self, zk: str, name: str) -> None:
        self._where = ("--zk", zk, "--cluster", name)
        self.registry = ZookeeperRegistry(parse_zookeeper(zk), name)

    async def drain(self, *arguments: str) -> Result:
        """Run `server drain` in a thread: it makes a loop of its own."""
        command = ["drain", *arguments, *self._where]
        return await asyncio.to_thread(CliRunner().invoke, main, command)

    @asynccontextmanager
    async def node(self, world: MemoryWorld) -> AsyncIterator[Node]:
        """Run a node, as `server start` does: it leaves this registry when it is drained."""
        async with running(world) as [node]:
            assert node.record is not None
            registration = await self.registry.register(node.record)

            async def leave() -> None:
                await node.drain.ended.wait()
                await node.stop()
                await registration.remove()

            leaving = asyncio.create_task(leave())
            yield node
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)


@pytest.fixture
async def cluster(zk_hosts: str, cluster_name: str) -> AsyncIterator[Cluster]:
    """A cluster whose registry is in ZooKeeper."""
    made = Cluster(zk_hosts, cluster_name)
    await made.registry.connect(10.0)
    yield made
    await made.registry.close()


async def test_it_returns_when_the_node_has_gone(cluster: Cluster) -> None:
    world = MemoryWorld()
    async with (
        running(world),
        cluster.node(world) as node,
        client(node, "alice") as alice,
    ):
        draining = asyncio.create_task(cluster.drain(node.node_id[:8], "--within", "20"))
        assert (await alice.hear())["type"] == "move"
        await asyncio.sleep(0)
        assert not draining.done()
        await alice.socket.close()
        answer = await draining
        assert answer.exit_code == 0, answer.output
        assert answer.output.count("channels left: 1") == 1
        assert answer.output.rstrip().endswith("has gone")


async def test_it_does_not_wait_if_it_is_not_to(cluster: Cluster) -> None:
    world = MemoryWorld()
    async with running(world), cluster.node(world) as node, client(node, "alice"):
        answer = await cluster.drain(node.node_id, "--within", "20", "--no-wait")
        assert answer.exit_code == 0, answer.output
        assert "has gone" not in answer.output
        assert node.drain.begun
        assert node.drain.left > 5.0


async def test_a_node_that_does_not_go_is_an_error(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_drain, "STOP_WITHIN", 1.0)
    async with running() as [node]:
        assert node.record is not None
        await cluster.registry.register(node.record)
        answer = await cluster.drain(node.node_id, "--within", "0")
        assert answer.exit_code == 1
        assert "still registered" in answer.output


async def test_a_node_without_admin_port_is_told_apart(cluster: Cluster) -> None:
    await cluster.registry.register(ONE)
    answer = await cluster.drain("1111")
    assert answer.exit_code == 1
    assert "--admin-port" in answer.output


async def test_a_node_that_is_not_reached_is_told_apart(cluster: Cluster) -> None:
    admin = f"127.0.0.1:{free_port()}"
    await cluster.registry.register(msgspec.structs.replace(ONE, admin=admin))
    answer = await cluster.drain("1111")
    assert answer.exit_code == 1
    assert f"does not answer at {admin}" in answer.output
    assert "--admin-host" in answer.output


async def test_another_node_at_the_same_address_is_not_drained(cluster: Cluster) -> None:
    """On another machine the loopback address of the record leads to somebody else."""
    async with running() as [stranger]:
        admin = f"127.0.0.1:{stranger.admin_port}"
        await cluster.registry.register(msgspec.structs.replace(ONE, admin=admin))
        answer = await cluster.drain("1111")
        assert answer.exit_code == 1
        assert stranger.node_id in answer.output
        assert not stranger.drain.begun


@asynccontextmanager
async def answering(
    cluster: Cluster, path: str, handler: Callable[[web.Request], Awaitable[web.Response]]
) -> AsyncIterator[None]:
    """Register a node at whose admin port something else answers."""
    app = web.Application()
    app.router.add_route("*", path, handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    admin = f"127.0.0.1:{runner.addresses[0][1]}"
    await cluster.registry.register(msgspec.structs.replace(ONE, admin=admin))
    yield
    await runner.cleanup()


@pytest.mark.parametrize("path", ["/v1/drain", "/"])
async def test_what_is_no_node_that_can_drain_is_told_apart(cluster: Cluster, path: str) -> None:
    async def greet(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async with answering(cluster, path, greet):
        answer = await cluster.drain("1111")
    assert answer.exit_code == 1
    assert "no node that can drain" in answer.output


async def test_a_node_that_refuses_says_why(cluster: Cluster) -> None:
    async def refuse(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"node": ONE.node_id})
        return web.json_response({"error": "it is stopping"}, status=409)

    async with answering(cluster, "/v1/drain", refuse):
        answer = await cluster.drain("1111")
    assert answer.exit_code == 1
    assert "refuses: it is stopping" in answer.output


def test_without_zookeeper_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_drain, "TIMEOUT", 0.5)
    answer = CliRunner().invoke(main, ["drain", "1111", "--zk", f"127.0.0.1:{free_port()}"])
    assert answer.exit_code == 1
    assert "scripts/services up zookeeper" in answer.output
