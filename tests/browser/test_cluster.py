"""The page on real nodes and services: when nodes die or drain, and ZooKeeper stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium, Tab
from tests.browser.conftest import TOKEN
from tests.browser.seen import came, enter, note_state, place_of, states, until_state, write
from tests.scenarios.conftest import StartNode
from tests.scenarios.processes import BalancerProcess, NodeProcess, is_ready
from tests.services import ZooKeeper, eventually

COUNT = 100
SESSION = ("--session-timeout", "4")
ADMIN = ("--allow-admin", "--admin-token", TOKEN)


@pytest.fixture
async def balancer(
    tmp_path: Path, zk_hosts: str, cluster_name: str
) -> AsyncIterator[BalancerProcess]:
    async with BalancerProcess(tmp_path, zk_hosts, cluster_name, *ADMIN) as process:
        yield process


async def open_at(chromium: Chromium, balancer: BalancerProcess, nodes: int) -> Tab:
    """Open the page as the operator, as soon as the balancer answers, and wait for the nodes."""
    await eventually(lambda: is_ready(balancer.port), within=30.0)
    tab = await chromium.open(f"{balancer.url}/#token={TOKEN}")
    await tab.until(f"document.querySelectorAll('.node[data-state=up]').length === {nodes}", 30.0)
    return tab


def name_of(node: NodeProcess) -> str:
    """Return what the page calls a node."""
    return f"127.0.0.1:{node.port}"


def drain_of(node: str) -> str:
    """Return the expression for a node's button."""
    card = f"[...document.querySelectorAll('.node')].find((c) => c.innerText.startsWith('{node}'))"
    return f"{card}.querySelector('button')"


def texts(prefix: str) -> list[str]:
    return [f"{prefix} {number}" for number in range(COUNT)]


async def until_came(tab: Tab, count: int) -> None:
    """Wait until so many messages have come."""
    shown = "document.querySelectorAll('#messages > li[data-direction=in]').length"
    await tab.until(f"{shown} >= {count}", 60.0)


async def test_a_node_dies_and_one_drains_while_two_tabs_talk(
    chromium: Chromium, start_node: StartNode, balancer: BalancerProcess
) -> None:
    nodes = await asyncio.gather(*(start_node(*SESSION) for _ in range(3)))
    alice, bob = [await open_at(chromium, balancer, 3) for _ in range(2)]
    here, there = await enter(alice, "alice"), await enter(bob, "bob")
    assert here != there

    await asyncio.gather(write(alice, "bob", texts("a")), write(bob, "alice", texts("b")))
    await asyncio.gather(until_came(alice, COUNT), until_came(bob, COUNT))
    assert (await came(alice), await came(bob)) == (texts("b"), texts("a"))

    # Bob's node dies in the middle of the next hundred.
    victim = next(node for node in nodes if name_of(node) == there)
    await write(alice, "bob", texts("c"))
    was_silent = await note_state(alice, there, "silent")
    await victim.kill()
    await asyncio.gather(write(alice, "bob", texts("d")), write(bob, "alice", texts("e")))
    await alice.until(was_silent)
    await asyncio.gather(until_came(alice, 2 * COUNT), until_came(bob, 3 * COUNT))
    assert await came(alice) == texts("b") + texts("e")
    assert await came(bob) == texts("a") + texts("c") + texts("d")
    await until_state(alice, there, "gone", 30.0)
    assert await place_of(bob) != there

    # Alice's node drains: she moves, and nothing is lost.
    before = await place_of(alice)
    await alice.until(f"!({drain_of(before)}).hidden")
    await alice.evaluate(f"({drain_of(before)}).click()")
    await alice.evaluate(f"({drain_of(before)}).click()")
    await asyncio.gather(write(alice, "bob", texts("f")), write(bob, "alice", texts("g")))
    await alice.until(f"!document.getElementById('you').textContent.includes('{before}')", 30.0)
    await asyncio.gather(until_came(alice, 3 * COUNT), until_came(bob, 4 * COUNT))
    assert await came(alice) == texts("b") + texts("e") + texts("g")
    assert (await came(bob))[3 * COUNT :] == texts("f")
    await until_state(alice, before, "gone", 30.0)
    assert alice.errors == bob.errors == []


async def test_without_zookeeper_it_says_so_and_keeps_the_last_picture(
    chromium: Chromium,
    own_zookeeper: ZooKeeper,
    tmp_path: Path,
    redis_url: str,
    amqp_url: str,
    cluster_name: str,
) -> None:
    services = ("--zk", own_zookeeper.hosts, "--redis", redis_url, "--amqp", amqp_url)
    options = (*services, "--cluster", cluster_name)
    async with (
        NodeProcess(tmp_path, *options) as node,
        BalancerProcess(tmp_path, own_zookeeper.hosts, cluster_name) as balancer,
    ):
        tab = await open_at(chromium, balancer, 1)
        await enter(tab, "alice")
        await asyncio.to_thread(own_zookeeper.stop)
        await tab.until(
            "/ZooKeeper does not answer: this is the last known picture, \\d+ s old/"
            ".test(document.getElementById('notices').textContent)",
            5.0,
        )
        assert await states(tab) == {name_of(node): "up"}
        await write(tab, "alice", ["still here"])
        await until_came(tab, 1)
        await asyncio.to_thread(own_zookeeper.restart)
        await tab.until("document.getElementById('notices').textContent === ''", 40.0)
        assert tab.errors == []
