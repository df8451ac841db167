"""The last snapshot finds its way over a restart, and nothing worse ever takes its place."""

import logging
import os
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path, PosixPath
from typing import ClassVar

import msgspec
import pytest

from cluster.record import NodeRecord
from cluster.snapshot import Snapshot
from cluster.snapshot_cache import SnapshotCache
from cluster.snapshot_codec import SavedNodes, decode_nodes, encode_nodes
from cluster.snapshot_file import read_file
from tests.cluster.records import make_record
from tests.services import eventually

ONE, TWO = make_record(port=7001), make_record(port=7002)


class World:
    """A file, clocks and a snapshot that the test moves."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Monotonic seconds, and how far the wall clock is ahead of them.
        self.now = 500.0
        self.epoch = 1_000_000.0
        self.snapshot = Snapshot()
        # How often the cache has looked at the snapshot.
        self.looks = 0

    def look(self) -> Snapshot:
        """Return the snapshot to the cache."""
        self.looks += 1
        return self.snapshot

    def cache(self, source: str = "here") -> SnapshotCache:
        """Return the cache of a new run."""
        return SnapshotCache(
            self.path,
            source,
            clock=lambda: self.now,
            wall_clock=lambda: self.epoch + self.now,
            rest=0.01,
        )

    def confirm(self, *records: NodeRecord) -> None:
        """Let the registry show these nodes."""
        self.snapshot = self.snapshot.with_records(records, self.now)

    def saved(self) -> SavedNodes | None:
        """Return what the file holds."""
        data = read_file(self.path, 1 << 20)
        return None if data is None else decode_nodes(data, "here")

    def nodes(self) -> tuple[NodeRecord, ...] | None:
        """Return the nodes in the file."""
        saved = self.saved()
        return None if saved is None else saved.nodes


def holds(world: World, records: tuple[NodeRecord, ...]) -> bool:
    return world.nodes() == records


def looked(world: World, since: int) -> bool:
    return world.looks > since


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "cache.json")


@pytest.fixture
async def cache(world: World) -> AsyncIterator[SnapshotCache]:
    """Give a cache that keeps the world's snapshot."""
    cache = world.cache()
    cache.start(world.look)
    yield cache
    await cache.close()


async def test_the_next_run_begins_with_the_last_list(world: World) -> None:
    first = world.cache()
    assert await first.load() is None
    first.start(world.look)
    world.confirm(ONE, TWO)
    await first.close()
    assert world.nodes() == (ONE, TWO)

    # The machine is restarted: monotonic time begins anew, 1000 s later.
    world.epoch += world.now + 1000.0
    world.now = 0.0
    loaded = await world.cache().load()
    assert loaded is not None
    assert loaded.records == (ONE, TWO)
    assert (loaded.stale, loaded.complete) == (True, False)
    assert loaded.age(world.now) == 1000.0


async def test_versions_grow_from_run_to_run(world: World) -> None:
    versions = list[int]()
    for record in (ONE, TWO, ONE):
        cache = world.cache()
        known = await cache.load() or Snapshot()
        world.now += 1.0
        world.snapshot = known.with_records((record,), world.now)
        versions += [known.version, world.snapshot.version]
        cache.start(world.look)
        await cache.close()
    assert versions == sorted(set(versions))


async def test_a_change_is_written_soon(world: World, cache: SnapshotCache) -> None:
    for records in ((ONE,), (ONE, TWO), (TWO,)):
        world.now += 1.0
        world.confirm(*records)
        cache.changed()
        await eventually(partial(holds, world, records))


async def test_what_is_not_better_is_not_written(world: World, cache: SnapshotCache) -> None:
    world.confirm(ONE)
    cache.changed()
    await eventually(lambda: world.nodes() == (ONE,))
    good = world.saved()
    for worse in (
        Snapshot(),
        world.snapshot.with_records((), world.now + 9.0),
        Snapshot((TWO,), 7),
        Snapshot((TWO,), 7, confirmed=world.now - 1.0),
        Snapshot((ONE, TWO), 7, confirmed=world.now, complete=True),
    ):
        world.snapshot = worse
        await cache.close()
        assert world.saved() == good
    world.now += 10.0
    world.snapshot = Snapshot().with_records((TWO,), world.now)
    await cache.close()
    assert world.nodes() == (TWO,)


async def test_loads_alone_are_written_once_a_minute(world: World) -> None:
    cache = world.cache()
    cache.start(world.look)
    world.confirm(ONE)
    cache.changed()
    await eventually(lambda: world.nodes() == (ONE,))
    written = os.stat(world.path).st_ino
    busy = msgspec.structs.replace(ONE, load=9)
    world.now += 59.0
    world.confirm(busy)
    for _ in range(2):  # by the second look, the first has written what it would
        looks = world.looks
        cache.changed()
        await eventually(partial(looked, world, looks))
    assert os.stat(world.path).st_ino == written
    world.now += 2.0
    world.confirm(busy)
    cache.changed()
    await eventually(lambda: world.nodes() == (busy,))
    assert world.saved() == SavedNodes(
        source="here", confirmed=world.epoch + world.now, nodes=(busy,)
    )
    await cache.close()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "truncated"),
        (b"no cache", "malformed"),
        (b"x" * (17 << 20), "larger than"),
        (encode_nodes(SavedNodes(source="there", confirmed=1.0, nodes=(ONE,))), "'there'"),
        (None, "no regular file"),
    ],
)
async def test_rubbish_is_no_cache_and_one_line(
    world: World, caplog: pytest.LogCaptureFixture, content: bytes | None, told: str
) -> None:
    if content is None:
        os.mkfifo(world.path)
    else:
        world.path.write_bytes(content)
    assert await world.cache().load() is None
    (line,) = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert str(world.path) in line
    assert told in line.lower()
    assert "going on without it" in line


async def test_rubbish_is_replaced_by_the_next_list(world: World) -> None:
    world.path.write_bytes(b"rubbish")
    cache = world.cache()
    assert await cache.load() is None
    cache.start(world.look)
    world.confirm(ONE)
    await cache.close()
    assert world.nodes() == (ONE,)


async def test_a_place_that_cannot_be_written_is_told_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.path.mkdir()
    cache = world.cache()
    cache.start(world.look)
    for record in (ONE, TWO):
        world.now += 1.0
        world.confirm(record)
        await cache.close()
    lines = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 1
    assert f"cannot write the cache {world.path}" in lines[0]
    world.path.rmdir()
    await cache.close()
    assert world.nodes() == (TWO,)


async def test_a_clock_that_was_set_back_makes_no_negative_age(world: World) -> None:
    world.confirm(ONE)
    first = world.cache()
    first.start(world.look)
    await first.close()
    world.epoch -= 3600.0
    loaded = await world.cache().load()
    assert loaded is not None
    assert loaded.age(world.now) == 0.0


class NotedPath(PosixPath):
    """A path that notes on which threads the system was asked about it."""

    # Their identities.
    threads: ClassVar[set[int]] = set()

    def __fspath__(self) -> str:
        """Return the path as the system wants it."""
        self.threads.add(threading.get_ident())
        return super().__fspath__()


async def test_the_event_loop_s_thread_never_touches_the_file(tmp_path: Path) -> None:
    for touch in (write, SnapshotCache.load):
        NotedPath.threads.clear()
        await touch(SnapshotCache(NotedPath(tmp_path / "cache.json"), "here"))
        assert len(NotedPath.threads) == 1
        assert threading.get_ident() not in NotedPath.threads


async def write(cache: SnapshotCache) -> None:
    cache.start(lambda: Snapshot((ONE,), 1, confirmed=0.0))
    await cache.close()


async def test_closing_twice_or_without_a_start_is_harmless(world: World) -> None:
    cache = world.cache()
    await cache.close()
    await cache.close()
    assert not world.path.exists()
