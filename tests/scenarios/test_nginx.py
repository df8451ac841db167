"""Clients reach all nodes through the real nginx, whose upstream follows the registry."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from client_sdk import Client, connect
from tests.balancer.test_nginx_upstream import parse
from tests.client_sdk_js.process import JsClient
from tests.scenarios.conftest import StartNode
from tests.scenarios.nginx_front import NginxFront
from tests.scenarios.processes import NodeProcess, Program
from tests.scenarios.znodes import States, watched_states
from tests.services import eventually

SESSION_TIMEOUT = 4.0

# Seconds in which the file has to follow: from the moment when a node's znode says that it drains,
# or is gone, and from that when a node was killed, whose znode goes later, with its session.
FOLLOWS = 2.0


@pytest.fixture
def front(tmp_path: Path) -> NginxFront:
    return NginxFront(tmp_path / "nginx")


class Follower(Program):
    """`balancer nginx` for a front."""

    def __init__(self, front: NginxFront, hosts: str, cluster: str, *options: str) -> None:
        commands = ("--test", front.test, "--reload", front.reload)
        place = ("--zk", hosts, "--cluster", cluster, "--out", str(front.upstream))
        super().__init__(front.folder, "follower", "balancer", "nginx", *place, *commands, *options)


def ports(front: NginxFront) -> dict[int, bool]:
    """Return the ports of the nodes in the file, and whether each is up."""
    return {port: not down for _, port, _, down in parse(front.upstream.read_text())[2]}


async def until_down(front: NginxFront, states: States, port: int) -> None:
    """Wait until the registry shows that a node drains, then for the file to follow."""

    async def drains() -> bool:
        return (await states()).get(port) != "up"

    await eventually(drains)
    await eventually(lambda: not ports(front).get(port, False), within=FOLLOWS)


async def until_gone(front: NginxFront, states: States, port: int, within: float) -> None:
    """Wait until the registry shows a node no more, then for the file to follow."""

    async def gone() -> bool:
        return port not in await states()

    await eventually(gone, within)
    await eventually(lambda: port not in ports(front), within=FOLLOWS)


@contextmanager
def watched(front: NginxFront) -> Iterator[Counter[int]]:
    """Read the file again and again; count how often it had how many nodes, or fail."""
    over = threading.Event()
    seen: Counter[int] = Counter()
    broken: list[str] = []

    def read() -> None:
        while not over.is_set():
            text = front.upstream.read_text()
            try:
                seen[len(parse(text)[2])] += 1
            except AssertionError:
                broken.append(text)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
    assert broken == []


@asynccontextmanager
async def followed(front: NginxFront, hosts: str, cluster: str) -> AsyncIterator[Follower]:
    """Write the file, run nginx on it, and follow the nodes."""
    async with Follower(front, hosts, cluster, "--once", "--reload", "") as once:
        assert await once.wait() == 0, once.log.read_text()
    async with front.running(), Follower(front, hosts, cluster) as follower:
        yield follower


async def cluster_of(start_node: StartNode, count: int) -> dict[int, NodeProcess]:
    timeout = ("--session-timeout", str(SESSION_TIMEOUT))
    nodes = await asyncio.gather(*(start_node(*timeout) for _ in range(count)))
    return {node.port: node for node in nodes}


async def join(stack: contextlib.AsyncExitStack, front: NginxFront, user: str) -> Client:
    return await stack.enter_async_context(connect(front.url, user=user))


async def test_clients_reach_all_nodes_and_the_file_follows(
    start_node: StartNode, zk_hosts: str, cluster_name: str, front: NginxFront
) -> None:
    nodes = await cluster_of(start_node, 3)
    async with (
        followed(front, zk_hosts, cluster_name) as follower,
        watched_states(zk_hosts, cluster_name) as states,
        contextlib.AsyncExitStack() as s,
    ):
        users = [await join(s, front, f"u{n}") for n in range(6)]
        assert sorted(Counter(user.node for user in users).values()) == [2, 2, 2]
        with watched(front) as seen:
            await _talk(users)
            drained, killed, _ = nodes.values()

            drained.send_signal(signal.SIGTERM)
            await until_down(front, states, drained.port)
            assert await front.is_valid()
            await until_gone(front, states, drained.port, within=60.0)
            assert await drained.wait() == 0
            await _talk(users)

            await killed.kill()
            await eventually(lambda: not ports(front)[killed.port], within=FOLLOWS)
            await until_gone(front, states, killed.port, within=SESSION_TIMEOUT + 3)
            assert await front.is_valid()
            await _talk(users)
            assert len({user.node for user in users}) == 1
        assert {1, 3} <= set(seen), "the reader has seen it before and after"
        assert await follower.stop() == 0, follower.log.read_text()
        assert len(ports(front)) == 1, "it stays behind"


async def _talk(users: list[Client]) -> None:
    """Let each write to the next, and see that it arrives."""
    bodies = [uuid.uuid4().hex for _ in users]
    peers = [f"u{(n + 1) % len(users)}" for n in range(len(users))]
    await asyncio.gather(*map(Client.send, users, peers, bodies))
    for n, user in enumerate(users):
        assert (await asyncio.wait_for(anext(user), 20)).body == bodies[n - 1]


async def test_a_drain_moves_clients_without_a_gap(
    start_node: StartNode, zk_hosts: str, cluster_name: str, front: NginxFront
) -> None:
    nodes = await cluster_of(start_node, 2)
    events = []
    async with followed(front, zk_hosts, cluster_name), contextlib.AsyncExitStack() as stack:
        user = await stack.enter_async_context(
            connect(front.url, user="u0", on_state=lambda event: events.append(event.what.value))
        )
        first = user.node
        drained = holder(nodes, first)
        drained.send_signal(signal.SIGTERM)
        await eventually(lambda: user.node not in ("", first))
        assert user.url == f"{front.url}/ws", "other nodes' addresses are not for this client"
        assert await drained.wait() == 0
    assert events == ["connected", "moving", "connected", "ended"]


def holder(nodes: dict[int, NodeProcess], node_id: str) -> NodeProcess:
    """Return the process that is a node."""
    return next(node for node in nodes.values() if node_id in node.log.read_text())


async def test_the_browsers_sdk_comes_through_it_too(
    start_node: StartNode, zk_hosts: str, cluster_name: str, front: NginxFront, tmp_path: Path
) -> None:
    await cluster_of(start_node, 2)
    async with (
        followed(front, zk_hosts, cluster_name),
        JsClient(front.url, tmp_path / "memory", user="bob") as bob,
        connect(front.url, user="alice") as alice,
    ):
        await alice.send("bob", "hello")
        await eventually(lambda: bob.got == ["hello"])
        await bob.send("alice", range(3))
        assert [(await asyncio.wait_for(anext(alice), 20)).body for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("method", ["least_conn", "ip_hash"])
async def test_nginx_takes_files_of_other_methods(
    start_node: StartNode, zk_hosts: str, cluster_name: str, front: NginxFront, method: str
) -> None:
    await cluster_of(start_node, 2)
    options = ("--once", "--method", method, "--reload", "")
    async with Follower(front, zk_hosts, cluster_name, *options) as once:
        assert await once.wait() == 0, once.log.read_text()
    assert parse(front.upstream.read_text())[1] == method
    async with front.running(), contextlib.AsyncExitStack() as stack:
        users = [await join(stack, front, f"u{n}") for n in range(4)]
        shares = Counter(user.node for user in users)
        assert len(shares) == (1 if method == "ip_hash" else 2), shares


async def test_what_nginx_refuses_is_put_back(
    start_node: StartNode, zk_hosts: str, cluster_name: str, front: NginxFront
) -> None:
    """The file is fine in itself, but the configuration that includes it is not."""
    await cluster_of(start_node, 1)
    async with Follower(front, zk_hosts, cluster_name, "--once", "--reload", "") as once:
        assert await once.wait() == 0, once.log.read_text()
    before = front.upstream.read_text()
    await cluster_of(start_node, 1)
    options = ("--once", "--reload", "", "--upstream", "another")
    async with Follower(front, zk_hosts, cluster_name, *options) as once:
        await once.wait()
        said = once.log.read_text()
    # `proxy_pass http://im` finds no such upstream, and no host of that name either.
    assert "refuses it" in said
    assert "the old file is back" in said
    assert front.upstream.read_text() == before


async def test_a_list_that_cannot_be_confirmed_changes_nothing(
    start_node: StartNode, zk_hosts: str, cluster_name: str, front: NginxFront
) -> None:
    """Of three nodes two die at once: that many are asked before they are believed to be gone."""
    nodes = await cluster_of(start_node, 3)
    async with followed(front, zk_hosts, cluster_name):
        first, second, _ = nodes.values()
        await asyncio.gather(first.kill(), second.kill())
        await eventually(lambda: len(ports(front)) == 1, within=SESSION_TIMEOUT + 20)
        assert await front.is_valid()
