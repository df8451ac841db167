"""Receipts and presence, frame by frame, between nodes."""

import asyncio
import json

from tests.scenarios.conftest import StartNode
from tests.scenarios.processes import http_get
from tests.scenarios.wire_client import Frame, WireClient, on_wire
from tests.services import eventually


async def receipt_of(client: WireClient, id: str, within: float = 5.0) -> str:
    """Return the status that a `receipt` gives."""
    _, frame = await client.wait_for(
        lambda f: f["type"] == "receipt" and f["id"] == id, within=within
    )
    status: str = frame["status"]
    return status


async def presence_of(client: WireClient, user: str) -> bool | None:
    """Ask for a user's presence, and return the next answer."""
    seen = len(client.of("presence"))
    await client.say(type="presence", user=user)
    await eventually(lambda: len(client.of("presence")) > seen)
    answer: Frame = client.of("presence")[seen]
    assert answer["user"] == user
    online: bool | None = answer["online"]
    return online


async def test_a_receipt_tells_what_became_of_a_message(start_node: StartNode) -> None:
    first, second = await asyncio.gather(start_node(), start_node())
    async with on_wire(first.url, "alice") as alice:
        await alice.deliver("s-1", "bob", receipt=True)
        assert await receipt_of(alice, "s-1") == "stored"  # bob is nowhere
        async with on_wire(second.url, "bob") as bob:
            sent = await alice.deliver("s-2", "bob", receipt=True)
            await bob.wait_for(lambda frame: frame.get("id") == "s-2")
            assert not [f for f in alice.of("receipt") if f["id"] == "s-2"]
            await bob.say(type="ack", offset=sent["offset"])
            assert await receipt_of(alice, "s-2") == "delivered"
            # One who goes without having acknowledged has not got it.
            await alice.deliver("s-3", "bob", receipt=True)
            await bob.wait_for(lambda frame: frame.get("id") == "s-3")
        assert await receipt_of(alice, "s-3") == "stored"
        # Every receipt comes once, behind its `sent`, and nobody gets one unasked.
        await alice.deliver("s-4", "bob")
        kinds = [(f["type"], f["id"]) for f in alice.frames if f["type"] in ("sent", "receipt")]
        assert [id for kind, id in kinds if kind == "receipt"] == ["s-1", "s-2", "s-3"]
        for id in ("s-1", "s-2", "s-3"):
            assert kinds.index(("sent", id)) < kinds.index(("receipt", id))


async def test_presence_is_told_on_every_node(start_node: StartNode) -> None:
    first, second = await asyncio.gather(start_node(), start_node())
    async with on_wire(first.url, "alice") as alice:
        assert await presence_of(alice, "bob") is False
        async with on_wire(second.url, "bob"):
            # The first node's watch may take a moment to tell it of the second one.
            await eventually(lambda: presence_of(alice, "bob"))
            assert await presence_of(alice, "alice") is True
            status, body = await http_get(first.admin_port, "/v1/presence/bob")
            answer = json.loads(body)
            assert (status, answer["user"], answer["online"]) == (200, "bob", True)
            assert len(answer["channels"]) == 1
        await eventually(lambda: is_absent(alice, "bob"))


async def is_absent(client: WireClient, user: str) -> bool:
    return await presence_of(client, user) is False
