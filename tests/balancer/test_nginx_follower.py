"""The follower writes what the registry shows, and nothing that nginx would refuse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from balancer import nginx_follower
from balancer.nginx_follower import NginxFollower, Outcome
from balancer.nginx_settings import NginxSettings
from cluster.snapshot import Snapshot
from tests.balancer.nodes import node, snapshot
from tests.services import eventually

A, B, C = node("a"), node("b"), node("c")


class Commands:
    """Runs no command, but notes them with what the file held then, and answers as it is told."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # What was run, each with the file's servers at that moment.
        self.ran: list[tuple[str, list[str]]] = []
        # Command → why it fails; those that are not in it succeed.
        self.fail: dict[str, str] = {}
        # Names of nodes with which the check fails.
        self.dislikes: set[str] = set()
        # Commands go on only while it is set.
        self.let = asyncio.Event()
        self.let.set()

    async def __call__(self, command: str, _timeout: float) -> str | None:
        self.ran.append((command, servers(self._file)))
        await self.let.wait()
        if command == "check" and self.dislikes & set(servers(self._file)):
            return "exit code 1: host not found in upstream"
        return self.fail.get(command)

    def count(self, command: str) -> int:
        return [name for name, _ in self.ran].count(command)


def servers(file: Path) -> list[str]:
    """Return the names of the nodes in the file; of those that are down with a minus."""
    if not file.exists():
        return []
    lines = [line.split() for line in file.read_text().splitlines() if "    server" in line]
    return [("-" if words[-1] == "down;" else "") + words[1][0] for words in lines]


class World:
    """A follower, and all that it touches."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "im.conf"
        self.commands = Commands(self.file)
        self.known = Snapshot()
        # Hosts without an address.
        self.nowhere: frozenset[str] = frozenset()
        self.follower = self.make()

    def make(self) -> NginxFollower:
        """Return a follower that knows nothing yet, as after a restart."""
        settings = NginxSettings(out=self.file, test="check", reload="reload")
        run, look_up = self.commands, self.look_up
        return NginxFollower(settings, lambda: self.known, run=run, look_up=look_up)

    async def look_up(self, hosts: Iterable[str]) -> frozenset[str]:
        return self.nowhere & frozenset(hosts)

    def show(self, known: Snapshot) -> None:
        self.known = known
        self.follower.changed(known)

    def counted(self, name: str) -> float | None:
        return self.follower.metrics.registry.get_sample_value(f"im_nginx_{name}_total")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path)
    yield world
    world.commands.let.set()
    await world.follower.stop()


async def test_the_file_is_tested_in_its_place_and_then_read_by_nginx(world: World) -> None:
    world.known = snapshot(A, B)
    assert await world.follower.step() is Outcome.IN_STEP
    assert world.commands.ran == [("check", ["a", "b"]), ("reload", ["a", "b"])]
    assert world.follower.ready() == (
        True,
        {"nodes": 2, "stale": False, "state": "the file is up to date"},
    )


async def test_nothing_is_done_without_a_reason(world: World) -> None:
    world.known = snapshot(A, B)
    await world.follower.step()
    written = world.file.stat().st_mtime_ns
    world.known = snapshot(node("b", load=500), node("a", zone="east"), version=2)
    assert await world.follower.step() is Outcome.IN_STEP
    assert world.file.stat().st_mtime_ns == written
    assert len(world.commands.ran) == 2


async def test_a_draining_node_is_down_and_one_that_left_is_gone(world: World) -> None:
    world.known = snapshot(A, B, C)
    await world.follower.step()
    world.known = snapshot(node("a", draining=True), B, C)
    await world.follower.step()
    assert servers(world.file) == ["-a", "b", "c"]
    world.known = snapshot(B, C)
    await world.follower.step()
    assert servers(world.file) == ["b", "c"]


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        (snapshot(C).as_stale(), Outcome.STALE),
        (snapshot(C).as_doubted(), Outcome.STALE),
        (snapshot(), Outcome.EMPTY),
    ],
)
async def test_without_a_list_to_trust_the_file_stays(
    world: World, known: Snapshot, outcome: Outcome
) -> None:
    world.known = snapshot(A, B)
    await world.follower.step()
    world.known = known
    assert await world.follower.step() is outcome
    assert servers(world.file) == ["a", "b"]
    assert world.commands.count("reload") == 1
    assert world.follower.ready()[0] is False


async def test_what_the_test_refuses_is_put_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.known = snapshot(A)
    await world.follower.step()
    before = world.file.read_text()
    world.commands.fail["check"] = "exit code 1: host not found"
    world.known = snapshot(A, B)
    assert await world.follower.step() is Outcome.REFUSED
    assert world.file.read_text() == before
    assert world.commands.ran[-1] == ("check", ["a", "b"])
    assert world.commands.count("reload") == 1
    assert world.counted("refused") == 1
    [line] = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert "'check' refuses it: exit code 1: host not found" in line
    world.commands.fail.clear()
    assert await world.follower.step() is Outcome.IN_STEP
    assert servers(world.file) == ["a", "b"]


async def test_a_name_that_nobody_knows_keeps_no_other_from_nginx(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.known = snapshot(A, B)
    await world.follower.step()
    world.nowhere, world.commands.dislikes = frozenset({"x.example"}), {"x"}
    world.known = snapshot(B, C, node("x"))
    assert await world.follower.step() is Outcome.IN_STEP
    assert servers(world.file) == ["b", "c"]
    assert "left out a node: its host 'x.example' has no address here" in caplog.text
    # From now on the file is in step, and nothing that would be refused is written again.
    world.commands.ran.clear()
    assert await world.follower.step() is Outcome.IN_STEP
    assert world.commands.ran == []
    world.nowhere, world.commands.dislikes = frozenset(), set()
    assert await world.follower.step() is Outcome.IN_STEP
    assert servers(world.file) == ["b", "c", "x"]


async def test_a_refusal_for_another_reason_leaves_nobody_out(world: World) -> None:
    world.known = snapshot(A)
    await world.follower.step()
    world.nowhere, world.commands.fail["check"] = frozenset({"x.example"}), "no"
    world.known = snapshot(A, B)
    assert await world.follower.step() is Outcome.REFUSED
    assert world.commands.count("check") == 2
    assert servers(world.file) == ["a"]


async def test_a_first_file_that_is_refused_leaves_none(world: World) -> None:
    world.commands.fail["check"] = "no"
    world.known = snapshot(A)
    assert await world.follower.step() is Outcome.REFUSED
    assert not world.file.exists()


async def test_a_reload_that_failed_is_made_up_for(world: World) -> None:
    world.commands.fail["reload"] = "exit code 1: nginx is not running"
    world.known = snapshot(A)
    assert await world.follower.step() is Outcome.NOT_RELOADED
    assert servers(world.file) == ["a"]
    assert world.counted("failed_reloads") == 1
    world.commands.fail.clear()
    assert await world.follower.step() is Outcome.IN_STEP
    assert [name for name, _ in world.commands.ran] == ["check", "reload", "reload"]
    assert await world.follower.step() is Outcome.IN_STEP
    assert world.commands.count("reload") == 2


async def test_a_reload_that_failed_is_made_up_for_by_the_next_run(world: World) -> None:
    world.commands.fail["reload"] = "exit code 1: nginx is not running"
    world.known = snapshot(A)
    assert await world.follower.step() is Outcome.NOT_RELOADED
    world.commands.fail.clear()
    assert await world.make().step() is Outcome.IN_STEP
    assert world.commands.count("reload") == 2
    assert await world.make().step() is Outcome.IN_STEP
    assert world.commands.count("reload") == 2


async def test_a_run_that_was_killed_halfway_is_made_up_for_by_the_next(world: World) -> None:
    world.known = snapshot(A)
    world.commands.let.clear()
    killed = asyncio.create_task(world.follower.step())
    await eventually(lambda: world.commands.count("check") == 1)
    killed.cancel()
    await asyncio.wait([killed])
    world.commands.let.set()
    world.commands.ran.clear()
    # The file is as it should be, but nobody knows whether nginx takes it.
    world.commands.fail["check"] = "no"
    assert await world.make().step() is Outcome.REFUSED
    world.commands.fail.clear()
    assert await world.make().step() is Outcome.IN_STEP
    assert world.commands.ran == [("check", ["a"]), ("check", ["a"]), ("reload", ["a"])]


async def test_a_file_that_is_put_back_need_not_be_read_again(world: World) -> None:
    world.known = snapshot(A)
    await world.follower.step()
    world.commands.fail["check"] = "no"
    world.known = snapshot(A, B)
    assert await world.follower.step() is Outcome.REFUSED
    world.known = snapshot(A)
    assert await world.make().step() is Outcome.IN_STEP
    assert world.commands.count("reload") == 1


async def test_a_file_that_cannot_be_written_is_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.file.mkdir()
    world.known = snapshot(A)
    assert await world.follower.step() is Outcome.NOT_WRITTEN
    assert world.counted("file_errors") == 1
    assert "name another --out" in caplog.text


async def test_each_change_is_a_line(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world.known = snapshot(A, B)
    await world.follower.step()
    world.known = snapshot(node("b", draining=True), C)
    await world.follower.step()
    lines = [r.getMessage() for r in caplog.records if r.name == nginx_follower.__name__]
    assert lines == [
        f"wrote {world.file}: +a.example:7177, +b.example:7177",
        f"wrote {world.file}: +c.example:7177, b.example:7177 down, -a.example:7177",
    ]


async def test_a_host_that_is_none_is_told_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.known = snapshot(A, node("x; }"))
    for _ in range(2):
        await world.follower.step()
    assert servers(world.file) == ["a"]
    assert caplog.text.count("left out a node") == 1


async def test_a_burst_of_changes_is_one_write(world: World) -> None:
    world.follower.start()
    for count in range(1, 21):
        world.show(snapshot(*(node(chr(96 + n)) for n in range(1, count + 1)), version=count))
    await eventually(lambda: world.commands.count("reload") == 1)
    assert len(servers(world.file)) == 20
    assert world.counted("writes") == 1


async def test_changes_during_a_rest_are_made_together_after_it(world: World) -> None:
    clock = asyncio.get_running_loop().time
    world.follower.start()
    world.show(snapshot(A))
    await eventually(lambda: world.commands.count("reload") == 1)
    first = clock()
    world.show(snapshot(A, B, version=2))
    world.show(snapshot(A, B, C, version=3))
    await eventually(lambda: world.commands.count("reload") == 2)
    assert clock() - first > 0.9
    assert servers(world.file) == ["a", "b", "c"]


async def test_what_is_under_way_is_finished_before_the_end(world: World) -> None:
    world.commands.let.clear()
    world.follower.start()
    world.show(snapshot(A))
    await eventually(lambda: world.commands.count("check") == 1)
    stopping = asyncio.create_task(world.follower.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    world.commands.let.set()
    await stopping
    assert world.commands.count("reload") == 1
    assert world.follower.outcome is Outcome.IN_STEP
