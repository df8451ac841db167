"""A crowd tells of every delivery and every event, and keeps the book."""

from __future__ import annotations

import asyncio
import random
import time

from client_sdk import Event, Message
from scripts.trial_lib.crowd import Crowd
from scripts.trial_lib.ledger import Entry
from scripts.trial_lib.user import Route, User
from tests.scripts.chaos_world import embedded_node
from tests.services import eventually


async def test_deliveries_and_events_are_told() -> None:
    delivered: list[tuple[str, Entry]] = []
    noticed: list[tuple[str, str]] = []

    def deliver(recipient: str, _message: Message, entry: Entry) -> None:
        delivered.append((recipient, entry))

    def notice(user: User, event: Event) -> None:
        noticed.append((user.name, event.what))

    async with embedded_node() as url:
        routes = [Route(url, "round_robin")]
        crowd = Crowd(routes, 3, time.monotonic, delivered=deliver, noticed=notice)
        await crowd.arrive()
        talking = asyncio.create_task(crowd.talk(500.0, random.Random(1)))
        await eventually(lambda: crowd.ledger.sent >= 50)
        talking.cancel()
        await eventually(lambda: not crowd.busy and not crowd.ledger.outstanding)
        assert crowd.on(crowd.users[0].node_id) == crowd.users
        await crowd.depart()
    assert len(delivered) == crowd.ledger.delivered == crowd.ledger.sent
    assert {name for name, _ in delivered} == {user.name for user in crowd.users}
    assert all(entry.sent <= (entry.delivered or 0.0) for _, entry in delivered)
    assert sorted(noticed) == sorted(
        (user.name, what) for user in crowd.users for what in ("connected", "ended")
    )
    assert crowd.events == {"connected": 3}
