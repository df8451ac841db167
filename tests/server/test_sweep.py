"""The sweep: what the dead left goes, what the living have stays, and doubt keeps everything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from server import sweep
from server.directory import always
from server.directory_memory import MemoryDirectory
from server.memory_store import MemoryStore
from server.stats import Stats
from server.sweep import Sweep
from tests.server.test_recovery import snapshot
from tests.services.eventually import eventually


class StickyDirectory(MemoryDirectory):
    """A directory in which a node called n0 cannot be swept."""

    async def sweep(self, node_id: str, still_dead: Callable[[], bool] = always) -> int:
        """See `Directory.sweep`."""
        if node_id == "n0":
            raise LookupError("as the test wants it")
        return await super().sweep(node_id, still_dead)


class Floor:
    """A store in which nodes n1 and n2 have channels, and a sweep of n1 that runs."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.stats = Stats()
        self.directories = {n: StickyDirectory(self.store, n) for n in ("n1", "n2")}
        self.sweep = Sweep("n1", self.directories["n1"], self.stats)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Floor:
        for node_id, directory in self.directories.items():
            await directory.register_node()
            await directory.add("bob", f"channel on {node_id}")
        self._task = asyncio.create_task(self.sweep.run())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._task is not None
        self._task.cancel()

    def nodes(self) -> set[str]:
        """Return where bob has channels."""
        return set(self.store.channels.get("bob", {}).values())


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "SECOND_LOOK", 0.02)


async def test_a_dead_node_is_swept() -> None:
    async with Floor() as floor:
        floor.sweep.look_at(snapshot("n1"))
        await eventually(lambda: floor.nodes() == {"n1"})
        assert floor.store.incarnations == {"n1"}
        await eventually(lambda: floor.stats.swept == 1)


async def test_one_that_cannot_be_swept_keeps_no_other() -> None:
    async with Floor() as floor:
        floor.store.incarnations.add("n0")
        floor.sweep.look_at(snapshot("n1"))
        await eventually(lambda: floor.nodes() == {"n1"})
        assert floor.store.incarnations == {"n0", "n1"}


async def test_a_change_of_load_is_no_reason_to_look() -> None:
    sweep = Sweep("n1", MemoryDirectory(MemoryStore(), "n1"), Stats())
    for ids, looks in ((("n1", "n2"), True), (("n1", "n2"), False), (("n1",), True)):
        sweep._wake.clear()
        sweep.look_at(snapshot(*ids))
        assert sweep._wake.is_set() is looks


async def test_the_living_are_left_alone() -> None:
    async with Floor() as floor:
        floor.sweep.look_at(snapshot("n1", "n2", "n3"))
        await asyncio.wait_for(asyncio.sleep(0), 1)
        floor.sweep.look_at(snapshot("n1"))
        floor.sweep.look_at(snapshot("n1", "n2"))
        await eventually(lambda: not floor.sweep._wake.is_set())
        assert floor.nodes() == {"n1", "n2"}


async def test_a_node_sweeps_never_itself() -> None:
    async with Floor() as floor:
        floor.sweep.look_at(snapshot("n3"))
        await eventually(lambda: floor.nodes() == {"n1"})
        assert floor.store.incarnations == {"n1"}


async def test_nothing_is_swept_on_a_stale_snapshots_word() -> None:
    async with Floor() as floor:
        floor.sweep.look_at(snapshot("n1", stale=True))
        await eventually(lambda: not floor.sweep._wake.is_set())
        assert floor.nodes() == {"n1", "n2"}
        floor.sweep.look_at(snapshot("n1"))
        await eventually(lambda: floor.nodes() == {"n1"})


async def test_doubt_that_comes_before_the_second_look_counts() -> None:
    async with Floor() as floor:
        floor.sweep.look_at(snapshot("n1"))
        await eventually(lambda: not floor.sweep._wake.is_set())
        floor.sweep.look_at(snapshot("n1", stale=True))
        await eventually(lambda: not floor.sweep._wake.is_set())
        assert floor.nodes() == {"n1", "n2"}
        assert floor.stats.swept == 0
