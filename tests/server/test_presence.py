"""Presence: on living nodes only, and on all while nobody knows who lives."""

from __future__ import annotations

from server.directory_memory import MemoryDirectory
from server.memory_store import MemoryStore
from server.presence import Presence
from tests.server.test_recovery import snapshot


async def presence() -> Presence:
    """Return the presence in a store where bob is on n1 and on n2."""
    store = MemoryStore()
    await MemoryDirectory(store, "n1").add("bob", "c1")
    await MemoryDirectory(store, "n2").add("bob", "c2")
    return Presence(MemoryDirectory(store, "n1"))


async def test_what_dead_nodes_left_does_not_count() -> None:
    asked = await presence()
    asked.snapshot = snapshot("n1", "n3")
    assert await asked.channels_of("bob") == {"c1": "n1"}
    assert await asked.channels_of("carol") == {}


async def test_of_those_in_doubt_the_registry_still_tells_who_has_left() -> None:
    asked = await presence()
    asked.snapshot = snapshot("n1").as_doubted()
    assert await asked.channels_of("bob") == {"c1": "n1"}


async def test_while_nobody_knows_who_lives_all_count() -> None:
    asked = await presence()
    assert set(await asked.channels_of("bob")) == {"c1", "c2"}
    asked.snapshot = snapshot("n1", stale=True)
    assert set(await asked.channels_of("bob")) == {"c1", "c2"}
