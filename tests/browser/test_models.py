"""The page's models: modules without a document, run where they live."""

from __future__ import annotations

import json
from typing import Any

from tests.browser.chromium import Chromium, Tab
from tests.browser.embedded import EmbeddedCluster
from tests.browser.seen import open_page

NODE = {
    "node_id": "a",
    "url": "ws://a:1/ws",
    "state": "up",
    "load": 3,
    "silent": False,
    "avoided": False,
    "status": None,
}
STATUS = {
    "uptime": 10.0,
    "state": "up",
    "ready": True,
    "services": {"Redis": True, "ZooKeeper": True},
    "degraded": [],
    "channels": 4,
    "received": 100,
    "delivered": 50,
    "sample": [],
}


async def run(tab: Tab, module: str, code: str, **values: object) -> Any:
    """Return what some code returns, to which a module's exports and the values are known."""
    given = json.dumps(values)
    return await tab.evaluate(
        f"import('/page/{module}.js').then((exported) => "
        f"(({{ {', '.join(['m', *values])} }}) => {{ {code} }})({{ m: exported, ...{given} }}))"
    )


def answer(*nodes: dict[str, Any], **more: object) -> dict[str, Any]:
    """Return what the balancer may answer."""
    return {"nodes": nodes, "stale": False, "complete": True, "age": 0.5, **more}


async def follow(tab: Tab, *answers: dict[str, Any]) -> list[list[str]]:
    """Return the news of each answer, one a second."""
    code = "const c = new m.Cluster(); return answers.map((a, at) => c.take(a, at));"
    news: list[list[str]] = await run(tab, "cluster", code, answers=answers)
    return news


async def test_the_models(chromium: Chromium, embedded: EmbeddedCluster) -> None:
    tab = await open_page(chromium, embedded.url)
    await changes_are_news(tab)
    await rates_come_of_counters(tab)
    await what_is_wrong_is_said(tab)
    await ways_follow_frames(tab)
    await only_nodes_have_names(tab)
    await numbers_are_worded(tab)


async def changes_are_news(tab: Tab) -> None:
    """Only what has changed is told, the first answer not at all."""
    other = {**NODE, "node_id": "b", "url": "ws://b:1/ws"}
    silent = {**other, "silent": True}
    draining = {**NODE, "state": "draining"}
    assert await follow(
        tab,
        answer(NODE),
        answer(NODE, other),
        answer(NODE, silent),
        answer(draining, silent),
        answer(silent),
        answer(other),
        answer(),
        answer(other),
    ) == [
        [],
        ["b:1 has joined"],
        ["b:1 does not answer"],
        ["a:1 drains: its clients move to the others"],
        ["a:1 has left"],
        ["b:1 answers again"],
        ["b:1 is gone"],
        ["b:1 is back"],
    ]


async def rates_come_of_counters(tab: Tab) -> None:
    """A rate is the growth of a counter by the node's own time; a restart is no negative one."""
    code = """const c = new m.Cluster(); for (const a of answers) c.take(a, 0);
        return [c.rate, c.nodes[0].rates.out, c.channels];"""
    before = answer({**NODE, "status": STATUS})
    after = {**STATUS, "uptime": 12.0, "received": 110, "delivered": 50}
    given = [before, answer({**NODE, "status": after})]
    assert await run(tab, "cluster", code, answers=given) == [5, 0, 4]
    # The same answer twice, as two tabs may get it, changes nothing.
    assert await run(tab, "cluster", code, answers=[*given, given[-1]]) == [5, 0, 4]
    less = answer({**NODE, "status": {**after, "uptime": 13.0, "received": 0}})
    assert await run(tab, "cluster", code, answers=[*given, less]) == [0, 0, 4]


async def what_is_wrong_is_said(tab: Tab) -> None:
    """Each trouble has its sentence, and none is said without trouble."""
    code = """return Promise.all([import("/page/cluster.js")]).then(([{ Cluster }]) => {
        const c = new Cluster(); if (given) c.take(given, 0);
        return m.notices(c, away, 2).map(({ text, age }) => text + age).join("|"); });"""

    async def told(given: dict[str, Any] | None, away: bool = False) -> str:
        text: str = await run(tab, "notices", code, given=given, away=away)
        return text

    def status(**more: object) -> dict[str, Any]:
        return {**NODE, "status": {**STATUS, **more}}

    well = status()
    assert await told(None) == ""
    assert await told(None, away=True) == "The balancer does not answer."
    assert await told(answer(well)) == ""
    assert "picture, 2 s old" in await told(answer(well), away=True)
    gone = answer(well, stale=True, complete=False, age=7)
    assert (await told(gone)).startswith(
        "ZooKeeper does not answer: this is the last known picture, 9 s old."
    )
    assert "vanished at once" in await told(answer(well, stale=True))
    assert "has not answered yet" in await told(answer(stale=True, complete=False, age=None))
    polls = await told(answer(well, {**status(degraded=["RabbitMQ"]), "node_id": "b"}))
    assert polls.startswith("RabbitMQ is away for 1 of 2 nodes: messages between nodes may take")
    storeless = await told(answer(status(services={"Redis": False})))
    assert "Redis does not answer all nodes" in storeless
    assert await told(answer({**NODE, "silent": True})) == "a:1 does not answer."


async def ways_follow_frames(tab: Tab) -> None:
    """Each message finds its frames, in order, and one that is written again says so."""
    code = """const ways = new m.Ways();
        const [one, two] = ["1", "2"].map((text) => ways.begin("bob", text));
        const send = (id, url, at) => ways.written({ type: "send", id }, url, at);
        send("s-1", "ws://a", 1); send("s-2", "ws://a", 1); send("s-1", "ws://b", 2);
        ways.heard({ type: "sent", id: "s-1", offset: 7 }, "ws://b", 3);
        ways.heard({ type: "sent", id: "s-1", offset: 7 }, "ws://b", 4);
        ways.heard({ type: "receipt", id: "s-1", status: "delivered" }, "ws://b", 5);
        ways.end(one); ways.end(two, "too late", 6);
        return [one, two].map((way) => [way.id, way.steps.map((step) => step.kind).join(" ")]);"""
    assert await run(tab, "way", code) == [
        ["s-1", "sent again stored fanout delivered"],
        ["s-2", "sent refused"],
    ]


async def only_nodes_have_names(tab: Tab) -> None:
    """What a sender says of where he is counts only if it is the url of a node."""
    code = """const c = new m.Cluster(); c.take(given, 0);
        return ["ws://a:1/ws", "ws://b:1/ws", "your bank", undefined].map((url) => c.nameOf(url))"""
    assert await run(tab, "cluster", code, given=answer(NODE)) == ["a:1", None, None, None]


async def numbers_are_worded(tab: Tab) -> None:
    """Words for numbers, at the edges."""
    code = """return [m.count(1, "node"), m.count(2, "node"), m.list(["a", "b", "c"]),
        m.duration(119), m.duration(120), m.duration(7200), m.duration(-1),
        m.rate(0), m.rate(0.44), m.rate(12.4),
        m.later(0.0042), m.later(1.25), m.placeOf("ws://[::1]:7177/ws"), m.placeOf("?")];"""
    assert await run(tab, "words", code) == [
        *("1 node", "2 nodes", "a, b and c", "119 s"),
        *("2 min", "2 h", "0 s", "0", "0.4", "12"),
        *("+4 ms", "+1.3 s", "[::1]:7177", "?"),
    ]
