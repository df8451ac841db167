"""The crowd talks, leaves and returns, and its book is right."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator

import pytest

from scripts.chaos_lib.crowd import RestlessCrowd
from scripts.chaos_lib.ghosts import Ghosts
from scripts.trial_lib.user import Route
from tests.scripts.chaos_world import embedded_node
from tests.services import eventually


@pytest.fixture
async def crowd() -> AsyncIterator[RestlessCrowd]:
    async with embedded_node() as url:
        made = RestlessCrowd([Route(url, "round_robin")], 3, Ghosts(10.0), time.monotonic)
        await made.arrive()
        yield made
        await made.depart()


async def talk_until(crowd: RestlessCrowd, sent: int) -> None:
    talking = asyncio.create_task(crowd.talk(500.0, random.Random(1)))
    await eventually(lambda: crowd.ledger.sent >= sent)
    talking.cancel()
    await asyncio.wait([talking])


async def test_everything_arrives(crowd: RestlessCrowd) -> None:
    assert crowd.connected == 3
    await talk_until(crowd, 100)
    await eventually(lambda: not crowd.busy and not crowd.ledger.outstanding)
    totals = crowd.ledger.totals()
    assert totals.sent == totals.confirmed == totals.delivered >= 100
    assert list(crowd.ledger.findings()) == []
    assert crowd.stalls.longest < 5.0
    assert crowd.last_delivery > 0.0
    assert crowd.events == {"connected": 3}


async def test_those_who_left_get_everything_on_their_return(crowd: RestlessCrowd) -> None:
    node_id = crowd.users[0].node_id
    assert crowd.on(node_id) == crowd.users
    crowd.leave(crowd.users[:1], 3.0)
    await eventually(lambda: crowd.connected == 2)
    assert crowd.on(node_id) == crowd.users[1:]
    await talk_until(crowd, crowd.ledger.sent + 50)
    await eventually(lambda: not crowd.busy and not crowd.ledger.outstanding)
    assert crowd.connected == 3
    assert list(crowd.ledger.findings()) == []


async def test_who_departs_stays_away(crowd: RestlessCrowd) -> None:
    crowd.leave(crowd.users[:1], 60.0)
    await crowd.depart()
    assert crowd.connected == crowd.busy == 0
