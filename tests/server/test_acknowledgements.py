"""Acknowledgements: the last one of each device reaches the inbox, in one round for all."""

from __future__ import annotations

import asyncio

import pytest

from cluster.errors import EpochChanged, ServiceUnavailable
from server.acknowledgements import INTERVAL, Acknowledgements
from server.inbox_memory import MemoryInbox
from server.memory_store import MemoryStore
from tests.server.faults import FaultyInbox
from tests.server.lines import Line
from tests.services.eventually import eventually


class Desk:
    """Acknowledgements on an inbox in which alice has five messages."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.inbox = FaultyInbox(MemoryInbox(self.store))
        self.acknowledgements = Acknowledgements(self.inbox)
        self.channel = Line().channel
        self.channel.device = "phone"
        self.fill()

    def fill(self) -> None:
        """Give alice five messages."""
        for number in range(5):
            self.store.inbox("alice").append(b"%d" % number)

    def cursors(self) -> dict[str, int]:
        """Return what the store knows of alice's devices."""
        return self.store.look("alice").cursors


async def desk() -> Desk:
    """Return a desk whose inbox is open."""
    made = Desk()
    await made.inbox.open()
    made.channel.epoch = made.inbox.epoch
    return made


async def test_the_last_one_of_each_device_counts() -> None:
    at = await desk()
    for offset in (1, 3, 2):
        at.acknowledgements.note(at.channel, offset)
    await at.acknowledgements.flush()
    assert at.cursors() == {"phone": 3}


async def test_zero_says_nothing() -> None:
    at = await desk()
    at.acknowledgements.note(at.channel, 0)
    await at.acknowledgements.flush()
    assert at.cursors() == {}


async def test_what_the_store_did_not_hear_is_told_again() -> None:
    at = await desk()
    at.acknowledgements.note(at.channel, 3)
    at.inbox.away = True
    with pytest.raises(ServiceUnavailable):
        await at.acknowledgements.flush()
    at.acknowledgements.note(at.channel, 4)
    at.inbox.away = False
    await at.acknowledgements.flush()
    assert at.cursors() == {"phone": 4}


async def test_what_was_counted_in_another_epoch_is_never_told() -> None:
    """Offset 3 of the old epoch says nothing about the five messages of the new one."""
    at = await desk()
    at.acknowledgements.note(at.channel, 3)
    at.store.wipe()
    with pytest.raises(EpochChanged):
        await at.acknowledgements.flush()
    await at.inbox.open()
    at.fill()
    at.acknowledgements.note(at.channel, 2)
    await at.acknowledgements.flush()
    assert at.cursors() == {}


async def test_what_a_client_counts_in_an_epoch_that_is_over_is_dropped() -> None:
    """The store is known to be new, but this client has yet to hear of it."""
    at = await desk()
    at.store.wipe()
    await at.inbox.open()
    at.fill()
    at.acknowledgements.note(at.channel, 3)
    await at.acknowledgements.flush()
    assert at.cursors() == {}


async def test_one_key_that_fails_keeps_no_other_from_being_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    at = await desk()
    at.acknowledgements.note(at.channel, 3)
    at.inbox.broken = True
    await at.acknowledgements.flush()
    assert "broken" in caplog.text
    at.inbox.broken = False
    await at.acknowledgements.flush()
    assert at.cursors() == {}, "it would fail again and again"


async def test_a_device_that_leaves_is_told_of_at_once() -> None:
    at = await desk()
    running = asyncio.create_task(at.acknowledgements.run())
    at.acknowledgements.note(at.channel, 2)
    at.acknowledgements.hurry()
    await eventually(lambda: at.cursors() == {"phone": 2}, within=INTERVAL / 2)
    running.cancel()


async def test_it_goes_on_by_itself_through_an_outage() -> None:
    at = await desk()
    at.inbox.away = True
    running = asyncio.create_task(at.acknowledgements.run())
    at.acknowledgements.note(at.channel, 2)
    await asyncio.wait([running], timeout=0.6)
    at.inbox.away = False
    await eventually(lambda: at.cursors() == {"phone": 2})
    running.cancel()
