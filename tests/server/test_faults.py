"""The inbox that fails on demand is a real one until then, and fails as a real one does."""

from __future__ import annotations

import pytest

from cluster.errors import EpochChanged, ServiceUnavailable
from server.envelope import Envelope
from server.inbox import Inbox
from server.inbox_memory import MemoryInbox
from server.memory_store import MemoryStore
from tests.server.faults import FaultyInbox

ENVELOPE = Envelope("bob", "alice", "s-1", "s", 1, b'"body":1}')


async def use(inbox: Inbox) -> list[object]:
    """Call everything; return all answers."""
    answers: list[object] = [
        await inbox.open(),
        await inbox.append([ENVELOPE, ENVELOPE]),
        await inbox.position("bob", "phone", 0),
        await inbox.read("bob", 0, 10),
        await inbox.heads(["bob", "carol"]),
    ]
    await inbox.acknowledge("bob", "phone", 1)
    await inbox.raise_alarm()
    return [
        *answers,
        await inbox.acknowledged(["bob", "carol"]),
        await inbox.alarms(),
        bool(inbox.epoch),
    ]


async def test_it_answers_as_the_inbox_that_it_holds() -> None:
    assert await use(FaultyInbox(MemoryInbox(MemoryStore()))) == await use(
        MemoryInbox(MemoryStore())
    )


async def test_a_wiped_store_shows_through() -> None:
    store = MemoryStore()
    inbox = FaultyInbox(MemoryInbox(store))
    await inbox.open()
    store.wipe()
    with pytest.raises(EpochChanged):
        await inbox.append([ENVELOPE])


async def test_it_fails_when_it_is_told_to() -> None:
    inbox = FaultyInbox(MemoryInbox(MemoryStore()))
    await inbox.open()
    inbox.away = True
    with pytest.raises(ServiceUnavailable):
        await inbox.append([ENVELOPE])
    inbox.away = False
    inbox.failures = [LookupError("once")]
    with pytest.raises(LookupError):
        await inbox.append([ENVELOPE])
    assert (await inbox.append([ENVELOPE]))[0].offset == 1
    assert inbox.batches == [1]
