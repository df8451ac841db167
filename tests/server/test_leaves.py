"""Leaves: who has gone is taken out of the directory, sooner or later, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from cluster.errors import ServiceUnavailable
from server import leaves
from server.directory_memory import MemoryDirectory
from server.hub import Hub
from server.leaves import Leaves
from server.memory_store import MemoryStore
from tests.server.lines import Line
from tests.services.eventually import eventually


class AwayDirectory(MemoryDirectory):
    """A directory that can be away."""

    away = False
    # What was removed: (channel_id, whether it was the user's last one here).
    removed: list[tuple[str, bool]]

    async def remove(self, user: str, channel_id: str, *, last: bool) -> None:
        """See `Directory.remove`."""
        if self.away:
            raise ServiceUnavailable("Redis", "nowhere", "away, as the test wants it")
        self.removed.append((channel_id, last))
        await super().remove(user, channel_id, last=last)


class Door:
    """A hub with alice's channels c1 and c2, and the leaves that run."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.directory = AwayDirectory(self.store, "n1")
        self.directory.removed = []
        self.hub = Hub(lambda _flush: None)
        self.leaves = Leaves(self.hub, self.directory)
        self.lines = [self._line("c1"), self._line("c2")]

    def _line(self, channel_id: str) -> Line:
        line = Line()
        line.channel.id = channel_id
        self.hub.add(line.channel)
        return line


@pytest.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.setattr(leaves, "RETRY", 0.01)
    made = Door()
    for line in made.lines:
        await made.directory.add("alice", line.channel.id)
    running = asyncio.create_task(made.leaves.run())
    yield made
    running.cancel()


async def test_who_has_gone_is_taken_out(door: Door) -> None:
    door.leaves.note(door.lines[0].channel)
    assert len(door.hub.users["alice"]) == 1
    await eventually(lambda: door.store.channels == {"alice": {"c2": "n1"}})
    door.leaves.note(door.lines[1].channel)
    await eventually(lambda: door.store.channels == {})
    assert door.directory.removed == [("c1", False), ("c2", True)]


async def test_it_goes_on_after_an_outage(door: Door) -> None:
    door.directory.away = True
    for line in door.lines:
        door.leaves.note(line.channel)
    assert door.hub.users == {}
    door.directory.away = False
    await eventually(lambda: door.store.channels == {})


async def test_who_was_never_entered_needs_not_be_taken_out(door: Door) -> None:
    line = Line()
    line.channel.id = ""
    door.leaves.note(line.channel)
    door.leaves.note(door.lines[0].channel)
    await eventually(lambda: door.directory.removed == [("c1", False)])
