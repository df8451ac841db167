"""`/v1/trace/ID` on the admin port."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from server.admin_trace import read_place, write_place
from server.trace import Place
from tests.server.embedded import client, fetch, running


async def test_it_tells_what_happened_here() -> None:
    async with running() as [node], client(node, "alice") as alice, client(node, "bob") as bob:
        await alice.say("send", id="s-1", to="bob", body="hello")
        await bob.hear()
        status, text = await fetch(node, "/v1/trace/s-1")
        answer = json.loads(text)
        assert status == 200
        assert answer["node"] == node.node_id
        assert answer["since"] <= answer["events"][0]["time"]
        events = [(e["event"], e.get("from"), e["to"], e.get("offset")) for e in answer["events"]]
        assert events == [
            ("taken", "alice", "bob", None),
            ("stored", "alice", "bob", 1),
            ("delivered", "alice", "bob", 1),
        ]
        assert "hello" not in text, "bodies are nobody's business"


async def test_a_place_finds_what_the_id_does_not() -> None:
    async with running(count=2) as [first, second]:
        async with client(first, "alice") as alice:
            await alice.say("send", id="s-1", to="bob & co", body=1)
            await alice.hear()
        epoch = first.backends.inbox.epoch
        async with client(second, "bob & co", epoch=epoch, offset=0) as bob:
            await bob.hear()
            path = f"/v1/trace/s-1?place={quote(write_place(Place(epoch, 'bob & co', 1)))}"
            _, text = await fetch(second, path)
            kinds = [event["event"] for event in json.loads(text)["events"]]
            assert kinds == ["connected", "fetched"]


@pytest.mark.parametrize("path", ["nonsense", "s-1?place=bob", "s-1?place=e:x:bob"])
async def test_nonsense_is_refused(path: str) -> None:
    async with running() as [node]:
        status, text = await fetch(node, f"/v1/trace/{path}")
        assert status == 400
        assert "error" in json.loads(text)


async def test_without_a_journal_it_says_so() -> None:
    async with running(journal_bytes=0) as [node], client(node, "alice") as alice:
        await alice.say("send", id="s-1", to="bob", body=1)
        await alice.hear()
        _, text = await fetch(node, "/v1/trace/s-1")
        assert json.loads(text) == {"node": node.node_id, "since": None, "events": []}


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place("e", "a:b", 7)
    assert read_place(write_place(place)) == place
