"""The page as people come to it: by the link that `scripts/demo` or `scripts/cluster up` prints."""

from __future__ import annotations

import asyncio

from scripts.screenshots_cli import demo
from scripts.stack.instance import HOST
from scripts.stack.probe import listens
from tests.browser.chromium import Chromium, Tab
from tests.browser.seen import came, enter, open_page, states, write
from tests.scripts.conftest import Checkout, free_node_port
from tests.services import free_port

WAY = "document.querySelector('#messages > li[data-direction=in] .way').innerText"


async def run(checkout: Checkout, script: str, *words: str) -> str:
    """Run one of the scripts and return what it printed; it must do what it was told."""
    done = await asyncio.to_thread(checkout.run, script, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def talk(chromium: Chromium, link: str) -> tuple[Tab, Tab]:
    """Have two tabs on two nodes write to each other, and see the way of it; return both."""
    ann, ben = [await open_page(chromium, link) for _ in range(2)]
    for tab in (ann, ben):
        await tab.until("document.querySelectorAll('.node[data-state=up]').length === 2", 30.0)
    here, there = await enter(ann, "ann"), await enter(ben, "ben")
    assert sorted([here, there]) == sorted(await states(ann))
    await asyncio.gather(write(ann, "ben", ["hello ben"]), write(ben, "ann", ["hello ann"]))
    await until_came(ben, ["hello ben"])
    await until_came(ann, ["hello ann"])
    way = await ben.evaluate(WAY)
    assert f"taken from ann by {here}" in way
    assert f"fanout to {there}" in way
    return ann, ben


async def until_came(tab: Tab, texts: list[str]) -> None:
    """Wait until messages have come: these, in this order, and no others."""
    shown = "document.querySelectorAll('#messages > li[data-direction=in]').length"
    await tab.until(f"{shown} >= {len(texts)}")
    assert await came(tab) == texts


async def test_the_demo_shows_all_of_it(chromium: Chromium) -> None:
    async with demo() as link:
        ann, ben = await talk(chromium, link)
        # The link is the operator's.
        await ann.until("/alice/.test(nodes.innerText) && /bob/.test(nodes.innerText)")
        await write(ann, "bob", ["hello bob"])
        await ann.until("/bob to you: got “hello bob”/.test(log.innerText)")
        assert f"taken from bob by {HOST}:" in await ann.evaluate(WAY)
        assert ann.errors == ben.errors == []


async def test_a_cluster_shows_all_of_it_and_ends_with_all_it_started(
    chromium: Chromium, checkout: Checkout
) -> None:
    node, balancer = free_node_port(), free_port()
    checkout.environ |= {"IM_NODE_PORT": str(node), "IM_BALANCER_PORT": str(balancer)}
    told = await run(checkout, "cluster", "up")
    ann, ben = await talk(chromium, told.rpartition("the page: ")[2].strip())
    before = await states(ann)
    assert before == {f"{HOST}:{node}": "up", f"{HOST}:{node + 1}": "up"}

    await run(checkout, "services", "down", "zookeeper")
    await ann.until("/ZooKeeper does not answer: this is the last/.test(notices.textContent)", 5.0)
    assert await states(ann) == before
    await write(ann, "ben", ["still here"])
    await until_came(ben, ["hello ben", "still here"])
    await run(checkout, "services", "up", "zookeeper")
    await ann.until("notices.textContent === ''", 40.0)
    assert ann.errors == ben.errors == []

    await run(checkout, "cluster", "down")
    services = [int(checkout.environ[f"IM_{name}_PORT"]) for name in ("ZK", "REDIS", "AMQP")]
    started = [*services, balancer, *(node + more for more in (0, 1, 10, 11))]
    assert [port for port in started if listens(HOST, port)] == []
